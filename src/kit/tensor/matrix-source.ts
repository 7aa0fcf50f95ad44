import { BiolensError } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/matrix.ts';

/** Rows of a float32 matrix that need not be in memory all at once, such as a `.npy` file on disk. */
export interface MatrixSource {
  readonly rows: number;
  readonly cols: number;
  /** Rows `start` to `start + count`, row-major; the caller does not write to them. */
  readonly read: (start: number, count: number) => Promise<Float32Array>;
}

/** A matrix in memory as a source; reading is a view. */
export function sourceOf(matrix: Matrix): MatrixSource {
  const { rows, cols, data } = matrix;
  if (data.length !== rows * cols)
    throw new BiolensError('usage', `matrix: ${data.length} numbers do not fill [${rows}, ${cols}]`);
  return { rows, cols, read: async (start, count) => data.subarray(start * cols, (start + count) * cols) };
}

/** All rows of a source in memory. */
export async function readAll(source: MatrixSource): Promise<Matrix> {
  return { rows: source.rows, cols: source.cols, data: (await source.read(0, source.rows)).slice() };
}
