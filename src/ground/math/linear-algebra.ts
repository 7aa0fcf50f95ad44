import { BiolensError } from '../errors.ts';
import { centreRows, columnMeans, columnProducts, rowProducts } from './gram.ts';
import type { Matrix } from './matrix.ts';
import { symmetricEigen, symmetricEigenvalues } from './symmetric-eigen.ts';

/**
 * Covariance of the columns, `[cols, cols]` row-major in double precision.
 *
 * @param options.ddof the denominator is rows − ddof; 1 by default
 * @throws BiolensError `usage` when there are not more rows than `ddof`
 */
export function covariance(matrix: Matrix, options: { readonly ddof?: 0 | 1 } = {}): Float64Array {
  const ddof = options.ddof ?? 1;
  if (matrix.rows <= ddof)
    throw new BiolensError('usage', `"matrix" expected ${ddof + 1} or more rows, got ${matrix.rows}`);
  const products = columnProducts(centreRows(matrix, columnMeans(matrix)), matrix.rows, matrix.cols);
  return products.map(value => value / (matrix.rows - ddof));
}

/**
 * The positive semi-definite root R with R · R = A, `[n, n]`. Eigenvalues that rounding made negative count as 0.
 *
 * @param data positive semi-definite A, `[n, n]` row-major
 * @throws BiolensError `usage` when the size is wrong or an entry is not finite
 */
export function squareRoot(data: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(data, n);
  const scaled = vectors.map((value, at) => value * Math.max(0, values[Math.floor(at / n)]!) ** 0.25);
  return columnProducts(scaled, n, n);
}

/**
 * Pivoted Cholesky factor of a positive semi-definite matrix: rows of L with A = Lᵀ · L, as many as its numerical rank
 * (Higham, "Analysis of the Cholesky decomposition of a semi-definite matrix", 1990).
 */
function choleskyRows(data: Float64Array, n: number): { readonly rows: Float64Array; readonly rank: number } {
  const rows = new Float64Array(n * n);
  const left = Float64Array.from({ length: n }, (_, i) => data[i * n + i]!);
  const tolerance = n * Number.EPSILON * Math.max(0, ...left);
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = 0;
    for (let i = 1; i < n; i++) if (left[i]! > left[pivot]!) pivot = i;
    if (!(left[pivot]! > tolerance)) break;
    const line = rows.subarray(rank * n, (rank + 1) * n);
    for (let j = 0; j < n; j++) line[j] = data[pivot * n + j]!;
    for (let k = 0; k < rank; k++) {
      const weight = rows[k * n + pivot]!;
      if (weight === 0) continue;
      for (let j = 0; j < n; j++) line[j]! -= weight * rows[k * n + j]!;
    }
    const scale = 1 / Math.sqrt(left[pivot]!);
    for (let j = 0; j < n; j++) {
      line[j]! *= scale;
      left[j]! -= line[j]! ** 2;
    }
    left[pivot] = 0;
  }
  return { rows, rank };
}

/**
 * tr (A · B)^½ of two positive semi-definite matrices, the term of the Fréchet distance between Gaussians that couples
 * them (Dowson and Landau, 1982): with A = Lᵀ · L it is the sum of the roots of the eigenvalues of L · B · Lᵀ, which is
 * symmetric and, for few samples, small.
 *
 * @param a `[n, n]` row-major
 * @param b `[n, n]` row-major
 * @throws BiolensError `usage` when a size is wrong or an entry is not finite
 */
export function traceOfRootProduct(a: Float64Array, b: Float64Array, n: number): number {
  if (a.length !== n * n || b.length !== n * n)
    throw new BiolensError('usage', `"a" and "b" expected ${n} × ${n} numbers, got ${a.length} and ${b.length}`);
  const { rows, rank } = choleskyRows(a, n);
  if (rank === 0) return 0;
  const product = new Float64Array(rank * n);
  for (let i = 0; i < rank; i++) {
    for (let k = 0; k < n; k++) {
      const weight = rows[i * n + k]!;
      if (weight === 0) continue;
      for (let j = 0; j < n; j++) product[i * n + j]! += weight * b[k * n + j]!;
    }
  }
  const inner = new Float64Array(rank * rank);
  for (let i = 0; i < rank; i++) {
    for (let j = i; j < rank; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += product[i * n + k]! * rows[j * n + k]!;
      inner[i * rank + j] = sum;
    }
  }
  return sumOfRoots(symmetricEigenvalues(inner, rank));
}

const sumOfRoots = (eigenvalues: Float64Array): number =>
  eigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);

/** Sum of the singular values of `a`, `[rows, cols]` row-major. */
export function nuclearNorm(a: Float64Array, rows: number, cols: number): number {
  const size = Math.min(rows, cols);
  return sumOfRoots(
    symmetricEigenvalues(rows <= cols ? rowProducts(a, rows, cols) : columnProducts(a, rows, cols), size),
  );
}

/**
 * The x with `matrix` · x = `right` by Gaussian elimination with partial pivoting; null when the matrix is singular to
 * working precision.
 *
 * @param matrix `[n][n]`
 * @param right `[n]`
 * @throws BiolensError `usage` when the sizes do not fit
 */
export function solveLinear(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const n = right.length;
  if (matrix.length !== n || matrix.some(line => line.length !== n))
    throw new BiolensError('usage', `"matrix" expected ${n} rows of ${n} numbers`);
  const lines = matrix.map((line, i) => [...line, right[i]!]);
  const largest = Math.max(0, ...matrix.flat().map(Math.abs));
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(lines[i]![column]!) > Math.abs(lines[pivot]![column]!)) pivot = i;
    const chosen = lines[pivot]!;
    if (!(Math.abs(chosen[column]!) > n * Number.EPSILON * largest)) return null;
    lines[pivot] = lines[column]!;
    lines[column] = chosen;
    for (let i = column + 1; i < n; i++) {
      const line = lines[i]!;
      const factor = line[column]! / chosen[column]!;
      for (let j = column; j <= n; j++) line[j]! -= factor * chosen[j]!;
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const line = lines[i]!;
    let sum = line[n]!;
    for (let j = i + 1; j < n; j++) sum -= line[j]! * solution[j]!;
    solution[i] = sum / line[i]!;
  }
  return solution;
}
