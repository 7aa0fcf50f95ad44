import { type Matrix, row } from '../../../ground/math/index.ts';
import { nearestNeighbours, type Runtime } from '../../../kit/tensor/index.ts';

function centred(matrix: Matrix, centre: Float64Array): Matrix {
  const data = new Float32Array(matrix.rows * matrix.cols);
  for (let i = 0; i < matrix.rows; i++) {
    const values = row(matrix, i);
    let squared = 0;
    for (let j = 0; j < matrix.cols; j++) squared += (values[j]! - centre[j]!) ** 2;
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    for (let j = 0; j < matrix.cols; j++) data[i * matrix.cols + j] = (values[j]! - centre[j]!) * scale;
  }
  return { ...matrix, data };
}

/**
 * Similarity of items to their nearest training item, as the audit measures it: the cosine of embeddings less the mean training
 * embedding.
 */
export function openTrainingSimilarity(
  runtime: Runtime,
  training: Matrix,
): (items: Matrix, options?: { readonly signal?: AbortSignal | undefined }) => Promise<Float32Array> {
  const centre = new Float64Array(training.cols);
  for (let i = 0; i < training.rows; i++)
    for (let j = 0; j < training.cols; j++) centre[j]! += training.data[i * training.cols + j]! / training.rows;
  const base = centred(training, centre);
  return async (items, { signal } = {}) => {
    const { scores } = await nearestNeighbours(runtime, centred(items, centre), {
      base,
      k: 1,
      metric: 'inner',
      signal,
    });
    return scores;
  };
}
