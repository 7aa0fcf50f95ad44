import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type Matrix, proportionMetric } from '../../../ground/math/index.ts';
import { type MatrixSource, sourceOf } from '../../../kit/tensor/index.ts';
import { otherNeighbours, type Pairwise } from '../pairwise.ts';
import { readRows } from '../rows.ts';

/**
 * Percentage of generated items that are authentic, from distances already known.
 *
 * @param nearest `[generated]` distance of each generated item to its nearest training item
 * @param ownNearest `[generated]` distance of that training item to its nearest other training item
 * @throws BiolensError `usage` when the lengths differ
 */
export function authPctOf(nearest: ArrayLike<number>, ownNearest: ArrayLike<number>): Metric {
  if (nearest.length !== ownNearest.length)
    throw new BiolensError('usage', `"ownNearest" expected ${nearest.length} distances, got ${ownNearest.length}`);
  let authentic = 0;
  for (let i = 0; i < nearest.length; i++) if (nearest[i]! > ownNearest[i]!) authentic++;
  const share = proportionMetric(authentic, nearest.length);
  if (share.value === null || share.interval === null) return share;
  const { low, high } = share.interval;
  return { ...share, value: 100 * share.value, interval: { ...share.interval, low: 100 * low, high: 100 * high } };
}

/**
 * AuthPct: percentage of generated items that are further from their nearest training item than that item is from its own
 * nearest other training item. About 50 for a good generator that copies nothing, near 0 for one that copies.
 *
 * Alaa et al., "How Faithful is your Synthetic Data?" (ICML 2022), section 4.2, as one percentage; a published
 * implementation looks up the wrong item's own neighbour, another subtracts 50. The interval is Wilson's over generated items,
 * given the training set. Generated items near a duplicated training item always count as authentic: remove duplicates
 * first.
 *
 * @param training `[n, d]`, n ≥ 2
 * @param generated `[m, d]`
 */
export async function authPct(
  training: Matrix,
  generated: Matrix,
  options: { readonly pairwise: Pairwise; readonly signal?: AbortSignal | undefined },
): Promise<Metric> {
  if (training.rows < 2) return missingMetric('needs 2 training items or more', generated.rows);
  const source = sourceOf(training);
  const { pairwise, signal } = options;
  const nearest = await pairwise.neighbours(generated, source, { k: 1, metric: 'euclidean', signal });
  const own = await ownNearest(source, nearest.indices, { metric: 'euclidean', ...options });
  return authPctOf(nearest.scores, own);
}

/**
 * Score of the nearest other row of each of the given rows. Only the rows named are searched for, each once, so that a
 * million training items cost no more than the generated ones that are near them.
 */
export async function ownNearest(
  source: MatrixSource,
  rows: Int32Array,
  options: {
    readonly pairwise: Pairwise;
    readonly metric: 'euclidean' | 'cosine';
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Float32Array> {
  const unique = Int32Array.from(new Set(rows));
  const found = await otherNeighbours(await readRows(source, unique), source, { k: 1, own: unique, ...options });
  const scores = new Map(Array.from(unique, (at, i) => [at, found.scores[i]!]));
  return Float32Array.from(rows, at => scores.get(at)!);
}
