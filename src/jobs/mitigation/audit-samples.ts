import type { MitigationSide } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { foldIn, type Matrix, randomKey } from '../../ground/math/index.ts';
import { type Runtime, sourceOf } from '../../kit/tensor/index.ts';
import {
  type AttributeLabels,
  type AuditProgress,
  checkSets,
  enginePairwise,
  measureBias,
  measureQualityParts,
  measureReplication,
} from '../audit/index.ts';
import type { TargetLabels } from './labels.ts';
import { type PictureSet, toMatrix } from './picture-set.ts';
import type { Sample } from './sample.ts';
import type { ResolvedTarget } from './targets.ts';

/** What samples are audited against, and how. */
export interface AuditContext {
  readonly runtime: Runtime;
  readonly training: PictureSet;
  readonly heldout: PictureSet | null;
  /** What quality is measured against: held-out images in the wanted distribution; null without held-out ones. */
  readonly reference: Matrix | null;
  /** Attributes that have a target, with what is known of their labels. */
  readonly targets: readonly { readonly target: ResolvedTarget; readonly labels: TargetLabels }[];
  readonly embedder: string;
  readonly classifier: string;
  readonly permutations: number;
  readonly seed: number;
}

/** The parts of a side that an audit decides. */
export type SampleAudit = Pick<MitigationSide, 'replication' | 'bias' | 'quality' | 'fidWithout'>;

/** Name of sample `i`, in reports and as a file. */
export function sampleName(i: number): string {
  return `${String(i).padStart(6, '0')}.png`;
}

/** Samples in which the networks found a face, by their numbers. */
export function readableSamples(samples: readonly Sample[]): number[] {
  return samples.flatMap(({ reading }, i) => (reading === null ? [] : [i]));
}

/**
 * Audits samples as `biolens audit` does, copies against the training images and distribution against the targets, but for the quality: its reference is in the wanted
 * distribution.
 *
 * @returns after yielding what it works on
 * @throws BiolensError `input` when a face is found in fewer than two samples; `interrupted`
 */
export async function* auditSamples(
  samples: readonly Sample[],
  context: AuditContext,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<AuditProgress, SampleAudit> {
  const { runtime, training, heldout, reference, targets, embedder, classifier, permutations, seed } = context;
  const readable = readableSamples(samples);
  if (readable.length < 2)
    throw new BiolensError(
      'input',
      `a face is found in ${readable.length} of ${samples.length} samples, an audit needs 2 or more`,
    );
  const readings = readable.map(i => samples[i]!.reading!);
  const attributes = new Map(
    targets.map(({ target, labels }): [string, AttributeLabels] => [
      target.attribute,
      {
        classes: target.classes,
        target: Object.fromEntries(target.classes.map((name, i) => [name, target.shares[i]!])),
        training: labels.training,
        generated: {
          source: classifier,
          labels: readings.map(reading => reading.attributes[target.attribute] ?? null),
        },
        ...(labels.confusion === null ? {} : { confusion: labels.confusion }),
      },
    ]),
  );
  const pairwise = enginePairwise(runtime);
  const key = foldIn(randomKey(seed), 'audit');
  const { signal } = options;
  const sets = {
    training: { rows: sourceOf(training.embeddings), id: (row: number) => training.files[row] ?? '' },
    generated: {
      rows: toMatrix(readings.map(({ embedding }) => embedding)),
      id: (row: number) => sampleName(readable[row]!),
    },
    heldout: heldout && { rows: heldout.embeddings, id: (row: number) => heldout.files[row] ?? '' },
  };
  await checkSets(sets, {
    names: { training: training.source, generated: 'samples', heldout: heldout?.source ?? 'held-out set' },
    signal,
  });
  const replication = yield* measureReplication(sets, {
    pairwise,
    key: foldIn(key, 'replication'),
    embedder,
    permutations,
    signal,
  });
  const bias = { attributes: yield* measureBias(attributes, { key: foldIn(key, 'bias'), signal }) };
  const inMix = reference === null ? sets : { ...sets, heldout: { rows: reference, id: String } };
  const { quality, fidWithout } = yield* measureQualityParts(inMix, { pairwise, key: foldIn(key, 'quality'), signal });
  return { replication, bias, quality, ...(fidWithout === null ? {} : { fidWithout }) };
}
