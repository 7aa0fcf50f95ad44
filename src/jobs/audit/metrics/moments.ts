import { type Matrix, row } from '../../../ground/math/index.ts';

/** Count, sum and sum of outer products of rows: adding and subtracting them adds and takes away items. */
export interface Moments {
  readonly n: number;
  readonly sum: Float64Array;
  /** `[d, d]`, both triangles. */
  readonly outer: Float64Array;
}

/** Moments of each of `groups` groups: row i is in group i mod groups. Values are taken less `shift` to keep their digits. */
export function groupMoments(matrix: Matrix, groups: number, shift: Float64Array): Moments[] {
  const d = matrix.cols;
  const parts = Array.from({ length: groups }, () => ({
    n: 0,
    sum: new Float64Array(d),
    outer: new Float64Array(d * d),
  }));
  const values = new Float64Array(d);
  for (let i = 0; i < matrix.rows; i++) {
    const part = parts[i % groups]!;
    const source = row(matrix, i);
    for (let j = 0; j < d; j++) values[j] = source[j]! - shift[j]!;
    part.n++;
    for (let a = 0; a < d; a++) {
      const left = values[a]!;
      part.sum[a]! += left;
      const line = a * d;
      for (let b = a; b < d; b++) part.outer[line + b]! += left * values[b]!;
    }
  }
  for (const { outer } of parts)
    for (let a = 0; a < d; a++) for (let b = 0; b < a; b++) outer[a * d + b] = outer[b * d + a]!;
  return parts;
}

/** All parts together. */
export function addMoments(parts: readonly Moments[]): Moments {
  const first = parts[0]!;
  const sum = new Float64Array(first.sum.length);
  const outer = new Float64Array(first.outer.length);
  let n = 0;
  for (const part of parts) {
    n += part.n;
    part.sum.forEach((value, i) => {
      sum[i]! += value;
    });
    part.outer.forEach((value, i) => {
      outer[i]! += value;
    });
  }
  return { n, sum, outer };
}

/** What is left of `whole` without `part`. */
export function subtractMoments(whole: Moments, part: Moments): Moments {
  return {
    n: whole.n - part.n,
    sum: whole.sum.map((value, i) => value - part.sum[i]!),
    outer: whole.outer.map((value, i) => value - part.outer[i]!),
  };
}

/** What a normal law is given by. */
export interface Gaussian {
  /** `[d]` */
  readonly mean: Float64Array;
  /** `[d, d]` */
  readonly covariance: Float64Array;
}

/** Mean and covariance with n − 1 in the denominator. */
export function meanAndCovariance({ n, sum, outer }: Moments): Gaussian {
  const d = sum.length;
  const mean = sum.map(value => value / n);
  const covariance = outer.map((value, at) => (value - n * mean[Math.floor(at / d)]! * mean[at % d]!) / (n - 1));
  return { mean, covariance };
}
