import { type AttributeLabels, auditEmbeddings } from '../audit/index.ts';
import type { MitigationSide } from '../contracts/index.ts';
import { BiolensError } from '../errors.ts';
import { type Runtime, sourceOf } from '../tensor/index.ts';
import type { TargetLabels } from './labels.ts';
import { type PictureSet, toMatrix } from './picture-set.ts';
import type { Sample } from './sample.ts';
import type { ResolvedTarget } from './targets.ts';

/** What samples are audited against, and how. */
export interface AuditContext {
  readonly runtime: Runtime;
  readonly training: PictureSet;
  readonly heldout: PictureSet | null;
  /** Attributes that have a target, with what is known of their labels. */
  readonly targets: readonly { readonly target: ResolvedTarget; readonly labels: TargetLabels }[];
  readonly embedder: string;
  readonly classifier: string;
  readonly permutations: number;
  readonly seed: number;
}

/** The parts of a side that an audit decides. */
export type SampleAudit = Pick<MitigationSide, 'replication' | 'bias' | 'quality'>;

/** Name of sample `i`, in reports and as a file. */
export function sampleName(i: number): string {
  return `${String(i).padStart(6, '0')}.png`;
}

/** Samples in which the networks found a face, by their numbers. */
export function readableSamples(samples: readonly Sample[]): number[] {
  return samples.flatMap(({ reading }, i) => (reading === null ? [] : [i]));
}

/**
 * Audits samples as `biolens audit` does: copies against the training pictures, mix against the targets, quality against held-out pictures.
 *
 * @returns after yielding what it works on
 * @throws BiolensError `input` when a face is found in fewer than two samples; `interrupted`
 */
export async function* auditSamples(
  samples: readonly Sample[],
  context: AuditContext,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<{ readonly step: string }, SampleAudit> {
  const { runtime, training, heldout, targets, embedder, classifier, permutations, seed } = context;
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
  const work = auditEmbeddings(
    {
      training: { rows: sourceOf(training.embeddings), id: row => training.files[row] ?? '' },
      generated: { rows: toMatrix(readings.map(({ embedding }) => embedding)), id: row => sampleName(readable[row]!) },
      heldout: heldout && { rows: heldout.embeddings, id: row => heldout.files[row] ?? '' },
    },
    {
      runtime,
      embedder,
      attributes,
      permutations,
      seed,
      names: { training: training.source, generated: 'samples', heldout: heldout?.source ?? 'held-out set' },
      signal: options.signal,
    },
  );
  let step = await work.next();
  while (!step.done) {
    yield { step: step.value.step };
    step = await work.next();
  }
  const { replication, bias, quality } = step.value;
  return { replication, bias, quality };
}
