import { type Metric, missingMetric, type Replication } from '../../../ground/contracts/index.ts';
import { type Matrix, meanMetric, proportionMetric } from '../../../ground/math/index.ts';
import type { ProductBlock } from '../../../kit/tensor/index.ts';
import { quantileMetric } from '../estimates.ts';
import type { Pairwise } from '../pairwise.ts';

type Summary = Replication['top1']['generated'];

/** Mean and upper percentiles of top-1 similarities. */
export function summariseTop1(values: ArrayLike<number>): Summary {
  return {
    mean: meanMetric(values),
    p75: quantileMetric(values, 0.75),
    p90: quantileMetric(values, 0.9),
    p95: quantileMetric(values, 0.95),
  };
}

const BIN_WIDTH = 0.02;

/** Histograms over common bins from the least to the greatest of all the values, as shares of each set. */
export function histogramsOf(
  generated: ArrayLike<number>,
  training: ArrayLike<number>,
  heldout: ArrayLike<number> | null,
): Replication['histogram'] {
  let least = 1;
  let greatest = -1;
  for (const values of [generated, training, heldout ?? []])
    for (let i = 0; i < values.length; i++) {
      least = Math.min(least, values[i]!);
      greatest = Math.max(greatest, values[i]!);
    }
  const first = Math.floor(Math.min(least, greatest) / BIN_WIDTH);
  const last = Math.max(first + 1, Math.ceil(Math.min(1, greatest) / BIN_WIDTH));
  const edges = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * BIN_WIDTH).toFixed(2)));
  const share = (values: ArrayLike<number>): number[] => {
    const counts = new Array<number>(edges.length - 1).fill(0);
    for (let i = 0; i < values.length; i++) {
      const bin = Math.max(0, Math.min(counts.length - 1, Math.floor(values[i]! / BIN_WIDTH) - first));
      counts[bin]!++;
    }
    return counts.map(count => (values.length > 0 ? count / values.length : 0));
  };
  return { edges, generated: share(generated), training: share(training), heldout: heldout && share(heldout) };
}

/** Share of values that reach a threshold, with Wilson's interval. */
export function shareAbove(values: ArrayLike<number>, threshold: number | null): Metric {
  if (threshold === null) return missingMetric('the threshold could not be calibrated', values.length);
  if (values.length === 0) return missingMetric('no items');
  let above = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! >= threshold) above++;
  return proportionMetric(above, values.length);
}

/**
 * Share of all pairs of a query with a training item that match. Pairs that share an item are not independent, so Wilson's
 * interval is taken at the number of pairs divided by the design effect: the variance of matches per query over what
 * independent pairs would have (at least 1).
 *
 * @param queries `[m, d]` rows of length 1
 * @param training `[n, d]` rows of length 1, or a random sample of them
 */
export async function pairShareAbove(
  queries: Matrix,
  training: Matrix,
  options: {
    readonly threshold: number;
    readonly pairwise: Pairwise;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Metric> {
  const matches = new Float64Array(queries.rows);
  const visit = (block: ProductBlock): void => {
    for (let r = 0; r < block.rows; r++)
      for (let c = 0; c < block.cols; c++)
        if (block.data[r * block.cols + c]! >= options.threshold) matches[block.row + r]!++;
  };
  await options.pairwise.products(queries, training, { visit, signal: options.signal });
  const pairs = queries.rows * training.rows;
  const total = matches.reduce((sum, count) => sum + count, 0);
  const mean = total / queries.rows;
  const variance = matches.reduce((sum, count) => sum + (count - mean) ** 2, 0) / Math.max(1, queries.rows - 1);
  const independent = mean * (1 - mean / training.rows);
  const designEffect = independent > 0 ? Math.max(1, variance / independent) : 1;
  const effective = proportionMetric(Math.round(total / designEffect), Math.round(pairs / designEffect));
  if (effective.interval === null) return effective;
  return { value: total / pairs, n: pairs, interval: { ...effective.interval, method: 'wilson-design-effect' } };
}
