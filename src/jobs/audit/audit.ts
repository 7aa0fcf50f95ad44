import type { AuditReport } from '../../ground/contracts/index.ts';
import { foldIn, randomKey } from '../../ground/math/index.ts';
import type { Runtime } from '../../kit/tensor/index.ts';
import { type AttributeLabels, type Labels, measureBias } from './bias.ts';
import { checkSets, type EmbeddedSets, type SetNames } from './embedded-sets.ts';
import { enginePairwise, plainPairwise } from './pairwise.ts';
import type { AuditProgress } from './progress.ts';
import { measureQuality } from './quality.ts';
import { describeRepeats, findRepeats, keepDistinct } from './repeats.ts';
import { measureReplication, type ReplicationSettings } from './replication.ts';
import { type Reading, writeVerdict } from './verdict.ts';

/** The part of the report that embeddings and labels decide. */
export type AuditFindings = Pick<AuditReport, 'replication' | 'bias' | 'quality' | 'verdict' | 'repeats'>;

export interface AuditOptions extends ReplicationSettings {
  /** The engine that does the work; plain loops without it, for a few thousand items. */
  readonly runtime?: Runtime | undefined;
  /** Name of the network that made the embeddings. */
  readonly embedder?: string | undefined;
  /** Labels of the training and generated items, in the order of the rows; a null label is unknown. */
  readonly attributes?: ReadonlyMap<string, AttributeLabels> | undefined;
  /** What could not be read, and what was left out of images that could: the verdict says so, and is no better than that. */
  readonly reading?: Reading | undefined;
  /** What messages call the sets. */
  readonly names?: SetNames | undefined;
  /** Same seed and data, same report. Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const NAMES: SetNames = { training: 'training set', generated: 'generated set', heldout: 'held-out set' };

/** The labels of the generated items that are looked at. */
function labelsOfRows(
  attributes: ReadonlyMap<string, AttributeLabels>,
  rows: readonly number[],
): ReadonlyMap<string, AttributeLabels> {
  const take = (labels: Labels): Labels => (labels.length === 0 ? labels : rows.map(row => labels[row] ?? null));
  return new Map(
    [...attributes].map(([name, { generated, ...rest }]) => {
      const { labels, predicted, ...set } = generated;
      const own = { ...set, labels: take(labels), ...(predicted === undefined ? {} : { predicted: take(predicted) }) };
      return [name, { ...rest, generated: own }];
    }),
  );
}

/**
 * Audits generated items against the training items of their generator: copies, bias, quality, and what that means in plain words.
 *
 * Generated items, and held-out ones, that are identical count once in all of it, as they are one observation.
 *
 * @param sets embeddings `[n, d]`, `[m, d]` and, best of all, `[h, d]` of real items that the generator never saw
 * @returns progress, and at the end the findings
 * @throws BiolensError `input` for embeddings of different widths, fewer than 2 items in a set, numbers that are not finite, rows of
 * zeros, or labels outside their classes; `usage` for settings out of range; `interrupted`
 * @example
 * const audit = auditEmbeddings(sets, { runtime, seed: 1 });
 * let step = await audit.next();
 * while (!step.done) step = await audit.next();
 * console.log(step.value.verdict[0]?.headline);
 */
export async function* auditEmbeddings(
  sets: EmbeddedSets,
  options: AuditOptions = {},
): AsyncGenerator<AuditProgress, AuditFindings> {
  const { runtime, embedder = 'unknown', attributes = new Map(), names = NAMES, seed = 0, reading, signal } = options;
  const pairwise = runtime === undefined ? plainPairwise : enginePairwise(runtime);
  const key = foldIn(randomKey(seed), 'audit');
  await checkSets(sets, { names, signal });
  const found = findRepeats(sets.generated.rows, sets.generated.content);
  const foundHeldout = sets.heldout && findRepeats(sets.heldout.rows, sets.heldout.content);
  const distinct: EmbeddedSets = {
    ...sets,
    generated: keepDistinct(sets.generated, found),
    heldout: sets.heldout && foundHeldout && keepDistinct(sets.heldout, foundHeldout),
  };
  const repeated = found.groups.length > 0 || (foundHeldout?.groups.length ?? 0) > 0;
  const repeats = repeated
    ? {
        generated: describeRepeats(sets.generated, found),
        heldout: sets.heldout && foundHeldout && describeRepeats(sets.heldout, foundHeldout),
      }
    : undefined;
  const labels = found.groups.length === 0 ? attributes : labelsOfRows(attributes, found.distinct);
  const replication = yield* measureReplication(distinct, {
    ...options,
    pairwise,
    embedder,
    key: foldIn(key, 'replication'),
  });
  const bias = { attributes: yield* measureBias(labels, { key: foldIn(key, 'bias'), signal }) };
  const quality = yield* measureQuality(distinct, { pairwise, key: foldIn(key, 'quality'), signal });
  const verdict = writeVerdict({ replication, bias, quality, repeats, reading });
  return { replication, bias, quality, verdict, ...(repeats === undefined ? {} : { repeats }) };
}
