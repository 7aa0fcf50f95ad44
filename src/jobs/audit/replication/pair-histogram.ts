import type { Matrix } from '../../../ground/math/index.ts';
import type { ProductBlock } from '../../../kit/tensor/index.ts';
import type { Pairwise } from '../pairwise.ts';
import { fisherZ } from './null-tail.ts';

/** How many pairs fall in each of many equal bins of similarity from −1 to 1. */
export interface PairHistogram {
  readonly counts: Float64Array;
  readonly pairs: number;
}

const BINS = 8192;

function binOf(similarity: number): number {
  return Math.max(0, Math.min(BINS - 1, Math.floor(((similarity + 1) / 2) * BINS)));
}

/** Lower edge of a bin. */
function edgeOf(bin: number): number {
  return (2 * bin) / BINS - 1;
}

/**
 * Counts the similarities of all pairs of rows, which have length 1.
 *
 * @param options.sameSet `left` and `right` are one set: each unordered pair counts once, an item with itself never
 */
export async function countPairs(
  left: Matrix,
  right: Matrix,
  options: { readonly pairwise: Pairwise; readonly sameSet?: boolean; readonly signal?: AbortSignal | undefined },
): Promise<PairHistogram> {
  const counter = new PairCounter();
  const visit = (block: ProductBlock): void => {
    for (let r = 0; r < block.rows; r++) {
      const from = options.sameSet ? Math.max(0, block.row + r + 1 - block.col) : 0;
      for (let c = from; c < block.cols; c++) counter.add(block.data[r * block.cols + c]!);
    }
  };
  await options.pairwise.products(left, right, { visit, signal: options.signal });
  return counter;
}

/** Counts similarities one by one. */
export class PairCounter implements PairHistogram {
  readonly counts = new Float64Array(BINS);
  pairs = 0;

  add(similarity: number): void {
    this.counts[binOf(similarity)]!++;
    this.pairs++;
  }
}

/** The same histogram without the bins from `similarity` up. */
export function cutAbove(histogram: PairHistogram, similarity: number): PairHistogram {
  const counts = histogram.counts.slice().fill(0, binOf(similarity));
  return { counts, pairs: counts.reduce((sum, count) => sum + count, 0) };
}

/** Similarity that the share `tail` of all pairs reach or exceed, to within a bin. */
export function upperQuantile(histogram: PairHistogram, tail: number): number {
  const wanted = tail * histogram.pairs;
  let seen = 0;
  for (let bin = BINS - 1; bin >= 0; bin--) {
    const count = histogram.counts[bin]!;
    if (seen + count >= wanted && count > 0) {
      // Straight line within the bin, from its upper edge down.
      return edgeOf(bin + 1) - ((wanted - seen) / count) * (2 / BINS);
    }
    seen += count;
  }
  return -1;
}

/** Pairs above a similarity, and the mean by which their Fisher's z exceeds it. */
export function meanExcess(histogram: PairHistogram, similarity: number): { count: number; mean: number } {
  const start = fisherZ(similarity);
  let count = 0;
  let sum = 0;
  for (let bin = binOf(similarity); bin < BINS; bin++) {
    const excess = fisherZ((edgeOf(bin) + edgeOf(bin + 1)) / 2) - start;
    if (excess <= 0) continue;
    count += histogram.counts[bin]!;
    sum += excess * histogram.counts[bin]!;
  }
  return { count, mean: count > 0 ? sum / count : 0 };
}
