import { BiolensError } from '../errors.ts';
import { checkFinite } from './check.ts';

/** Eigenvalues, largest first, and the eigenvectors in the same order. */
export interface SymmetricEigen {
  /** `[n]` */
  readonly values: Float64Array;
  /** `[n, n]` row-major: row i is the eigenvector of value i, of length 1. */
  readonly vectors: Float64Array;
}

/** Sweeps per eigenvalue; two are usual, and none has been seen to need more than a few. */
const MAX_SWEEPS = 60;

/** A power of two near the largest entry: dividing by it is exact, and squares can then neither overflow nor vanish. */
function scaleOf(data: Float64Array): number {
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  return largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
}

function checkSquare(data: Float64Array, n: number): void {
  if (!Number.isSafeInteger(n) || n < 1 || data.length !== n * n)
    throw new BiolensError('usage', `"data" expected ${n} × ${n} numbers, got ${data.length}`);
  checkFinite('data', data);
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i lies between rows i and i + 1; the last is 0. */
  readonly off: Float64Array;
  /** Row k holds, right of the diagonal, the Householder vector of step k. */
  readonly reflectors: Float64Array;
  /** Factor of each reflection H = I − factor · v vᵀ; 0 where there is none. */
  readonly factors: Float64Array;
}

/**
 * Householder's reduction of a symmetric matrix to tridiagonal form (Golub and Van Loan, Matrix Computations, 8.3.1). Only
 * the upper triangle is read and updated, row by row, so that memory is walked in order.
 */
function tridiagonalise(data: Float64Array, n: number, size: number): Tridiagonal {
  const a = data.map(value => value / size);
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const factors = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    const v = a.subarray(k * n, (k + 1) * n);
    diagonal[k] = v[k]!;
    let scale = 0;
    for (let j = k + 1; j < n; j++) scale = Math.max(scale, Math.abs(v[j]!));
    let rest = 0;
    for (let j = k + 2; j < n; j++) rest += (v[j]! / (scale || 1)) ** 2;
    const first = v[k + 1]!;
    if (rest === 0) {
      off[k] = first;
      continue;
    }
    const norm = scale * Math.sqrt(rest + (first / scale) ** 2);
    const alpha = first > 0 ? -norm : norm;
    const head = first - alpha;
    // Scaled so that v starts with 1, which neither overflows nor loses small entries.
    for (let j = k + 2; j < n; j++) v[j] = v[j]! / head;
    v[k + 1] = 1;
    const factor = -head / alpha;
    factors[k] = factor;
    off[k] = alpha;
    w.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const line = i * n;
      const vi = v[i]!;
      let sum = a[line + i]! * vi;
      for (let j = i + 1; j < n; j++) {
        const value = a[line + j]!;
        sum += value * v[j]!;
        w[j]! += value * vi;
      }
      w[i]! += sum;
    }
    let along = 0;
    for (let j = k + 1; j < n; j++) along += w[j]! * v[j]!;
    const share = (factor * along) / 2;
    for (let j = k + 1; j < n; j++) w[j] = factor * (w[j]! - share * v[j]!);
    for (let i = k + 1; i < n; i++) {
      const line = i * n;
      const vi = v[i]!;
      const wi = w[i]!;
      for (let j = i; j < n; j++) a[line + j]! -= vi * w[j]! + wi * v[j]!;
    }
  }
  diagonal[n - 1] = a[n * n - 1]!;
  return { diagonal, off, reflectors: a, factors };
}

/**
 * Implicit QL sweeps with Wilkinson's shift on a tridiagonal matrix (Golub and Van Loan, 8.3.5); `diagonal` becomes the
 * eigenvalues. `rotate` is told every plane rotation of rows (i, i + 1).
 */
function diagonalise(
  diagonal: Float64Array,
  off: Float64Array,
  rotate: ((i: number, cosine: number, sine: number) => void) | null,
): void {
  const n = diagonal.length;
  // The reduction has left errors of this size everywhere. Within the null space of a matrix of low rank all entries are such
  // errors, and asking for less relative to them may never end.
  let floor = 0;
  for (let i = 0; i < n; i++) floor = Math.max(floor, Number.EPSILON * (Math.abs(diagonal[i]!) + Math.abs(off[i]!)));
  for (let low = 0; low < n; low++) {
    for (let sweep = 0; ; sweep++) {
      let high = low;
      while (high < n - 1) {
        const size = Math.abs(diagonal[high]!) + Math.abs(diagonal[high + 1]!);
        if (Math.abs(off[high]!) <= Math.max(floor, Number.EPSILON * size)) break;
        high++;
      }
      if (high === low) break;
      if (sweep === MAX_SWEEPS) throw new BiolensError('input', 'the eigenvalues of a matrix did not converge');
      const slope = (diagonal[low + 1]! - diagonal[low]!) / (2 * off[low]!);
      const root = Math.hypot(slope, 1);
      let g = diagonal[high]! - diagonal[low]! + off[low]! / (slope + (slope >= 0 ? root : -root));
      let sine = 1;
      let cosine = 1;
      let shift = 0;
      let i = high - 1;
      for (; i >= low; i--) {
        const f = sine * off[i]!;
        const b = cosine * off[i]!;
        const squares = f * f + g * g;
        // Tiny squares have lost digits, and the rotation would not be one.
        const r = squares > 1e-280 ? Math.sqrt(squares) : Math.hypot(f, g);
        off[i + 1] = r;
        if (r === 0) {
          // The matrix has split here; what was chased so far is kept.
          diagonal[i + 1]! -= shift;
          off[high] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = diagonal[i + 1]! - shift;
        const t = (diagonal[i]! - g) * sine + 2 * cosine * b;
        shift = sine * t;
        diagonal[i + 1] = g + shift;
        g = cosine * t - b;
        rotate?.(i, cosine, sine);
      }
      if (i >= low) continue;
      diagonal[low]! -= shift;
      off[low] = g;
      off[high] = 0;
    }
  }
}

/** The product of the reflections as rows: start of the eigenvectors. */
function accumulateReflections({ reflectors, factors }: Tridiagonal, n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  const w = new Float64Array(n);
  // From the last to the first, each reflection touches the block below and right of its step only.
  for (let k = n - 2; k >= 0; k--) {
    const factor = factors[k]!;
    if (factor === 0) continue;
    const v = reflectors.subarray(k * n, (k + 1) * n);
    w.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const vi = v[i]!;
      const line = i * n;
      for (let j = k + 1; j < n; j++) w[j]! += vi * q[line + j]!;
    }
    for (let i = k + 1; i < n; i++) {
      const scaled = factor * v[i]!;
      const line = i * n;
      for (let j = k + 1; j < n; j++) q[line + j]! -= scaled * w[j]!;
    }
  }
  // Columns are the basis; the rotations want them as rows.
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const kept = q[i * n + j]!;
      q[i * n + j] = q[j * n + i]!;
      q[j * n + i] = kept;
    }
  }
  return q;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix.
 *
 * @param data `[n, n]` row-major; only its upper triangle is read
 * @throws BiolensError `usage` when the size is wrong or an entry is not finite
 */
export function symmetricEigen(data: Float64Array, n: number): SymmetricEigen {
  checkSquare(data, n);
  const size = scaleOf(data);
  const tridiagonal = tridiagonalise(data, n, size);
  const rows = accumulateReflections(tridiagonal, n);
  const { diagonal, off } = tridiagonal;
  diagonalise(diagonal, off, (i, cosine, sine) => {
    const line = i * n;
    for (let at = line; at < line + n; at++) {
      const upper = rows[at]!;
      const lower = rows[at + n]!;
      rows[at + n] = sine * upper + cosine * lower;
      rows[at] = cosine * upper - sine * lower;
    }
  });
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const vectors = new Float64Array(n * n);
  for (const [to, from] of order.entries()) vectors.set(rows.subarray(from * n, (from + 1) * n), to * n);
  return { values: Float64Array.from(order, i => diagonal[i]! * size), vectors };
}

/**
 * Eigenvalues alone, largest first, in a fraction of the time of {@link symmetricEigen}.
 *
 * @param data `[n, n]` row-major; only its upper triangle is read
 * @throws BiolensError `usage` when the size is wrong or an entry is not finite
 */
export function symmetricEigenvalues(data: Float64Array, n: number): Float64Array {
  checkSquare(data, n);
  const size = scaleOf(data);
  const { diagonal, off } = tridiagonalise(data, n, size);
  diagonalise(diagonal, off, null);
  return diagonal
    .map(value => value * size)
    .sort()
    .reverse();
}
