import { BiolensError } from '../errors.ts';
import { type Matrix, row } from './matrix.ts';

/** Mean of each column, `[cols]`. @throws BiolensError `usage` when the matrix has no rows */
export function columnMeans(matrix: Matrix): Float64Array {
  if (matrix.rows < 1) throw new BiolensError('usage', '"matrix" expected 1 or more rows, got 0');
  const means = new Float64Array(matrix.cols);
  for (let i = 0; i < matrix.rows; i++) {
    const values = row(matrix, i);
    for (let j = 0; j < matrix.cols; j++) means[j]! += values[j]!;
  }
  return means.map(sum => sum / matrix.rows);
}

/** Rows less their column means, in double precision, `[rows, cols]`. */
export function centreRows(matrix: Matrix, means: Float64Array): Float64Array {
  const centred = new Float64Array(matrix.rows * matrix.cols);
  for (let at = 0, i = 0; i < matrix.rows; i++)
    for (let j = 0; j < matrix.cols; j++, at++) centred[at] = matrix.data[at]! - means[j]!;
  return centred;
}

/** Scalar product of two runs of `count` numbers; four sums keep the adder busy. */
function dot(a: Float64Array, from: number, to: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let j = 0;
  for (; j + 3 < count; j += 4) {
    s0 += a[from + j]! * a[to + j]!;
    s1 += a[from + j + 1]! * a[to + j + 1]!;
    s2 += a[from + j + 2]! * a[to + j + 2]!;
    s3 += a[from + j + 3]! * a[to + j + 3]!;
  }
  for (; j < count; j++) s0 += a[from + j]! * a[to + j]!;
  return s0 + s1 + (s2 + s3);
}

/** The symmetric product a · aᵀ of an `[rows, cols]` array, `[rows, rows]`. */
export function rowProducts(a: Float64Array, rows: number, cols: number): Float64Array {
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let k = i; k < rows; k++) {
      const sum = dot(a, i * cols, k * cols, cols);
      out[i * rows + k] = sum;
      out[k * rows + i] = sum;
    }
  }
  return out;
}

/** The symmetric product aᵀ · a of an `[rows, cols]` array, `[cols, cols]`. */
export function columnProducts(a: Float64Array, rows: number, cols: number): Float64Array {
  const transposed = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) transposed[j * rows + i] = a[i * cols + j]!;
  return rowProducts(transposed, cols, rows);
}
