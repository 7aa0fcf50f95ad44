import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';

import { type Matrix, meanMetric } from '../../../ground/math/index.ts';
import type { MatrixSource } from '../../../kit/tensor/index.ts';
import { quantileMetric } from '../estimates.ts';
import type { Pairwise } from '../pairwise.ts';
import { mapSource, normaliseRows } from '../rows.ts';

/** Chunks an embedding is cut into. */
export const SPLIT_PRODUCT_CHUNKS = 4;

export interface SplitProduct {
  readonly chunks: number;
  /** `[generated]` the largest inner product of any chunk with the same chunk of any training item. */
  readonly values: Float32Array;
  readonly mean: Metric;
  readonly p95: Metric;
}

/**
 * Split-product similarity of every generated item to its nearest training item: embeddings of length 1 are cut into chunks, and
 * the score of a pair is the largest inner product of a chunk with its counterpart. A copy of one part of an image shows in the
 * chunk that describes it, where the whole product hides it.
 *
 * Somepalli et al., "Diffusion Art or Digital Forgery?" (CVPR 2023), section 3.2. A chunk's inner product is at most 1, but
 * around 1/chunks for identical items: compare with the numbers of held-out items.
 *
 * @param training `[n, d]`
 * @param generated `[m, d]`
 */
export async function splitProduct(
  training: MatrixSource,
  generated: Matrix,
  options: { readonly pairwise: Pairwise; readonly chunks?: number; readonly signal?: AbortSignal | undefined },
): Promise<SplitProduct> {
  const { pairwise, signal } = options;
  const chunks = Math.min(options.chunks ?? SPLIT_PRODUCT_CHUNKS, training.cols);
  const values = new Float32Array(generated.rows).fill(Number.NEGATIVE_INFINITY);
  if (training.rows < 1 || generated.rows < 1) {
    const missing = missingMetric('needs a training and a generated item');
    return { chunks, values, mean: missing, p95: missing };
  }
  const units = mapSource(training, block => normaliseRows(block));
  const queries = normaliseRows(generated);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = Math.round((chunk * training.cols) / chunks);
    const to = Math.round(((chunk + 1) * training.cols) / chunks);
    const cut = (matrix: Matrix): Matrix => sliceColumns(matrix, from, to);
    const nearest = await pairwise.neighbours(cut(queries), mapSource(units, cut, to - from), {
      k: 1,
      metric: 'inner',
      signal,
    });
    nearest.scores.forEach((score, i) => {
      if (score > values[i]!) values[i] = score;
    });
  }
  return { chunks, values, mean: meanMetric(values), p95: quantileMetric(values, 0.95) };
}

function sliceColumns(matrix: Matrix, from: number, to: number): Matrix {
  const cols = to - from;
  const data = new Float32Array(matrix.rows * cols);
  for (let i = 0; i < matrix.rows; i++)
    data.set(matrix.data.subarray(i * matrix.cols + from, i * matrix.cols + to), i * cols);
  return { rows: matrix.rows, cols, data };
}
