import { describe, expect, test } from 'vitest';
import { rowProducts } from '../../src/ground/math/gram.ts';
import { leadingEigen } from '../../src/ground/math/leading-eigen.ts';
import { openStream, randomKey } from '../../src/ground/math/random.ts';
import { symmetricEigen } from '../../src/ground/math/symmetric-eigen.ts';

/** a · aᵀ of an `[n, cols]` array of which column j is what `scale` says of it times noise. */
function gramOf(n: number, cols: number, scale: (j: number) => number): Float64Array {
  const stream = openStream(randomKey(3));
  const a = Float64Array.from({ length: n * cols }, (_, i) => stream.normal() * scale(i % cols));
  return rowProducts(a, n, cols);
}

/** A diagonal matrix, turned by a reflection so that no axis is an eigenvector. */
function turned(values: readonly number[], n: number): Float64Array {
  const stream = openStream(randomKey(4));
  const v = Float64Array.from({ length: n }, () => stream.normal());
  const squares = v.reduce((sum, x) => sum + x * x, 0);
  const reflect = (i: number, j: number): number => (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / squares;
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (const [k, value] of values.entries()) if (value !== 0) sum += reflect(i, k) * value * reflect(k, j);
    return sum;
  });
}

/** Largest of the residuals, relative to the largest value, and the largest error of the products of the vectors. */
function faults(data: Float64Array, n: number, { values, vectors }: ReturnType<typeof leadingEigen>) {
  let [residual, products] = [0, 0];
  const scale = Math.abs(values[0]!) || 1;
  for (let c = 0; c < values.length; c++) {
    const line = vectors.subarray(c * n, (c + 1) * n);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += data[i * n + j]! * line[j]!;
      residual = Math.max(residual, Math.abs(sum - values[c]! * line[i]!) / scale);
    }
    for (let other = 0; other <= c; other++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += line[j]! * vectors[other * n + j]!;
      products = Math.max(products, Math.abs(sum - (other === c ? 1 : 0)));
    }
  }
  return { residual, products };
}

describe('leading eigenvectors', () => {
  const decaying = gramOf(300, 250, j => 1 / (1 + j));
  test.each<[string, number, number, Float64Array]>([
    ['of a spectrum that decays', 300, 30, decaying],
    ['of noise, whose values are close', 240, 24, gramOf(240, 300, () => 1)],
    ['of a rank below the number wanted', 240, 30, gramOf(240, 10, () => 1)],
    ['of nothing', 200, 8, new Float64Array(200 * 200)],
    [
      'of values that occur several times',
      220,
      20,
      turned([9, 9, 9, 9, 7, 7, 5, 4, 4, 4, 3, 3, ...Array(40).fill(2)], 220),
    ],
    ['of one value alone', 200, 6, turned(Array(200).fill(3), 200)],
    ['of few rows, by all of them', 40, 10, gramOf(40, 60, j => 1 / (1 + j))],
  ])('%s are those of the whole decomposition', (_, n, count, data) => {
    const found = leadingEigen(data, n, count);
    const all = symmetricEigen(data, n);
    const scale = Math.abs(all.values[0]!) || 1;
    expect(found.values).toHaveLength(count);
    found.values.forEach((value, i) => {
      expect(Math.abs(value - all.values[i]!) / scale).toBeLessThan(1e-12);
    });
    const { residual, products } = faults(data, n, found);
    expect(residual).toBeLessThan(1e-11);
    expect(products).toBeLessThan(1e-10);
  });

  test('are the same each time', () => {
    expect(leadingEigen(decaying, 300, 30)).toEqual(leadingEigen(decaying, 300, 30));
  });

  test('refuse what is no matrix', () => {
    expect(() => leadingEigen(new Float64Array(3), 2, 1)).toThrow('"data" expected 2 × 2 numbers, got 3');
    expect(() => leadingEigen(new Float64Array(200 * 200).fill(Number.NaN), 200, 2)).toThrow('"data"');
  });
});
