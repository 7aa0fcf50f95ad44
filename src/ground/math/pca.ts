import { BiolensError } from '../errors.ts';
import { centreRows, columnMeans, columnProducts, rowProducts } from './gram.ts';
import { leadingEigen } from './leading-eigen.ts';
import { type Matrix, row } from './matrix.ts';

/** A projection to the directions of largest variance. */
export interface Pca {
  /** `[cols]` */
  readonly mean: Float64Array;
  /** `[components, cols]`: orthonormal rows, of most variance first. */
  readonly components: Float64Array;
  /** Variance along each component (denominator rows − 1), `[components]`. */
  readonly variances: Float64Array;
}

/**
 * Principal components of the rows of a matrix. Works on the smaller of the two Gram matrices, so that it is quick for many
 * short rows and for few long ones. Each component's entry of largest size is made positive: the result does not depend on
 * an accident of sign.
 *
 * @param matrix `[rows, cols]`
 * @param options.components 1 … min(rows − 1, cols)
 * @throws BiolensError `usage` for another number of components, or an entry that is not finite
 */
export function pca(matrix: Matrix, options: { readonly components: number }): Pca {
  const { rows, cols } = matrix;
  const { components: count } = options;
  const most = Math.min(rows - 1, cols);
  if (!Number.isSafeInteger(count) || count < 1 || count > most)
    throw new BiolensError('usage', `"components" expected 1 to ${most} of a ${rows} × ${cols} matrix, got ${count}`);
  const mean = columnMeans(matrix);
  const centred = centreRows(matrix, mean);
  const byColumn = cols <= rows;
  const gram = byColumn ? columnProducts(centred, rows, cols) : rowProducts(centred, rows, cols);
  const { values, vectors } = leadingEigen(gram, byColumn ? cols : rows, count);
  const components = new Float64Array(count * cols);
  for (let c = 0; c < count; c++) {
    const component = components.subarray(c * cols, (c + 1) * cols);
    if (byColumn) component.set(vectors.subarray(c * cols, (c + 1) * cols));
    else {
      for (let i = 0; i < rows; i++) {
        const weight = vectors[c * rows + i]!;
        for (let j = 0; j < cols; j++) component[j]! += weight * centred[i * cols + j]!;
      }
    }
    orthonormalise(components, c, cols);
  }
  return { mean, components, variances: values.map(value => Math.max(0, value) / (rows - 1)) };
}

function norm(line: Float64Array): number {
  let squares = 0;
  for (const value of line) squares += value * value;
  return Math.sqrt(squares);
}

/** Makes row c orthogonal to the rows above it and of length 1 with a positive largest entry; a row of zeros is replaced. */
function orthonormalise(rows: Float64Array, c: number, cols: number): void {
  const line = rows.subarray(c * cols, (c + 1) * cols);
  const before = norm(line);
  for (let attempt = 0; attempt <= cols; attempt++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < c; k++) {
        let along = 0;
        for (let j = 0; j < cols; j++) along += line[j]! * rows[k * cols + j]!;
        for (let j = 0; j < cols; j++) line[j]! -= along * rows[k * cols + j]!;
      }
    }
    const length = norm(line);
    // Directions without variance are any that complete the basis; the axes are tried in turn.
    if (length > 1e-8 * Math.max(attempt === 0 ? before : 1, Number.MIN_VALUE)) {
      let largest = 0;
      for (const value of line) if (Math.abs(value) > Math.abs(largest)) largest = value;
      const scale = (largest < 0 ? -1 : 1) / length;
      for (let j = 0; j < cols; j++) line[j]! *= scale;
      return;
    }
    line.fill(0);
    line[attempt] = 1;
  }
}

/**
 * Rows projected on the components of a fitted model, `[rows, components]`.
 *
 * @throws BiolensError `usage` when the matrix has another width than the model
 */
export function projectPca(model: Pca, matrix: Matrix): Matrix {
  const cols = model.mean.length;
  if (matrix.cols !== cols) throw new BiolensError('usage', `"matrix" expected ${cols} columns, got ${matrix.cols}`);
  const count = model.variances.length;
  const data = new Float32Array(matrix.rows * count);
  const centred = new Float64Array(cols);
  for (let i = 0; i < matrix.rows; i++) {
    const values = row(matrix, i);
    for (let j = 0; j < cols; j++) centred[j] = values[j]! - model.mean[j]!;
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += centred[j]! * model.components[c * cols + j]!;
      data[i * count + c] = sum;
    }
  }
  return { rows: matrix.rows, cols: count, data };
}
