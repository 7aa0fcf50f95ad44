import type { Matrix } from '../../src/ground/math/matrix.ts';

/** X_ij = s·sin(a·i·j² + b·i + .37j) + h·j/d with i and j from 1: data that any language can make. */
export function waves(
  rows: number,
  cols: number,
  [a, b, s, h]: readonly [number, number, number, number],
): { readonly matrix: Matrix; readonly data: Float64Array } {
  const data = Float64Array.from({ length: rows * cols }, (_, at) => {
    const i = Math.floor(at / cols) + 1;
    const j = (at % cols) + 1;
    return s * Math.sin(a * i * j * j + b * i + 0.37 * j) + (h * j) / cols;
  });
  return { matrix: { rows, cols, data: Float32Array.from(data) }, data };
}

/** The largest difference of two lists. */
export function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let gap = 0;
  for (let i = 0; i < a.length; i++) gap = Math.max(gap, Math.abs(a[i]! - b[i]!));
  return gap;
}
