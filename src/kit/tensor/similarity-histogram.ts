import type { Matrix } from '../../ground/math/matrix.ts';
import { type MatrixSource, sourceOf } from './matrix-source.ts';
import { scaleRows } from './neighbours/metric.ts';
import { eachProductBlock } from './products.ts';
import type { Runtime } from './runtime.ts';

export interface SimilarityHistogramOptions {
  /** `[n, d]`, in memory or read by rows. */
  readonly right: Matrix | MatrixSource;
  /** Equal bins from −1 to 1. */
  readonly bins: number;
  /** Row i of the left with row i of the right is no pair: for a set paired with itself. Default false. */
  readonly excludeSelf?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Counts the cosine similarities of every row of `left` with every row of `right` in equal bins from −1 to 1, each with its lower edge;
 * 1 itself is in the last. A set paired with itself counts every two rows twice. Memory holds a block of 512 × 2048 pairs.
 *
 * @param left `[m, d]`, finite numbers
 * @returns `[bins]` counts of pairs
 * @throws {BiolensError} `usage` when widths differ; `interrupted`.
 */
export async function similarityHistogram(
  runtime: Runtime,
  left: Matrix,
  options: SimilarityHistogramOptions,
): Promise<Float64Array> {
  const { bins, excludeSelf = false, signal } = options;
  const given = 'data' in options.right ? sourceOf(options.right) : options.right;
  const right: MatrixSource = {
    ...given,
    read: async (start, count) => scaleRows(await given.read(start, count), given.cols),
  };
  const scaled = { ...left, data: scaleRows(left.data, left.cols) };
  const counts = new Float64Array(bins);
  for await (const { row, col, rows, cols, data } of eachProductBlock(runtime, { left: scaled, right, signal })) {
    for (let i = 0; i < rows; i++) {
      const self = excludeSelf ? row + i - col : -1;
      for (let j = 0, at = i * cols; j < cols; j++, at++) {
        if (j === self) continue;
        // Rounding can lead past ±1.
        const bin = Math.floor(((data[at]! + 1) / 2) * bins);
        counts[Math.max(0, Math.min(bins - 1, bin))]!++;
      }
    }
  }
  return counts;
}
