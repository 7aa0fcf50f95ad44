import type { Matrix } from '../../src/ground/math/matrix.ts';

/** A repeatable matrix of numbers in −1…1 with `distinct` different values, so that ties can be had. */
export function matrixOf(rows: number, cols: number, seed: number, distinct = 2 ** 20): Matrix {
  let state = seed + 1;
  const data = Float32Array.from({ length: rows * cols }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.floor((state / 2 ** 32) * distinct) / distinct) * 2 - 1;
  });
  return { rows, cols, data };
}

/** Cosine similarity of two rows, in double precision. */
export function cosine(left: Matrix, i: number, right: Matrix, j: number): number {
  let [inner, a, b] = [0, 0, 0];
  for (let c = 0; c < left.cols; c++) {
    const [x, y] = [left.data[i * left.cols + c]!, right.data[j * right.cols + c]!];
    inner += x * y;
    a += x * x;
    b += y * y;
  }
  return inner / (Math.sqrt(a * b) || 1);
}
