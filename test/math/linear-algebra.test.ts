import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnMeans } from '../../src/ground/math/gram.ts';
import { covariance, solveLinear, squareRoot, traceOfRootProduct } from '../../src/ground/math/linear-algebra.ts';
import { openStream, randomKey } from '../../src/ground/math/random.ts';
import { symmetricEigen, symmetricEigenvalues } from '../../src/ground/math/symmetric-eigen.ts';
import { largestGap, waves } from './vectors.ts';

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) out[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
  return out;
}

function randomSymmetric(n: number, seed: number): Float64Array {
  const stream = openStream(randomKey(seed));
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) {
      out[i * n + j] = stream.normal();
      out[j * n + i] = out[i * n + j]!;
    }
  return out;
}

const train = waves(60, 6, [0.71, 0.013, 1, 0]).matrix;
const generated = waves(45, 6, [0.93, 0.029, 0.8, 0.5]).matrix;

describe('covariance', () => {
  test('agrees with NumPy', () => {
    // numpy 2: np.cov(X.T)[0, :3]; the data are float32 here, hence 7 digits.
    const found = covariance(train);
    expect(
      largestGap(found.subarray(0, 3), [0.5131705315951626, -0.0030004528065773425, -0.005041570204642009]),
    ).toBeLessThan(1e-7);
    for (let i = 0; i < 6; i++) for (let j = 0; j < i; j++) expect(found[i * 6 + j]).toBe(found[j * 6 + i]);
    expect(
      largestGap(
        covariance(train, { ddof: 0 }),
        found.map(value => (value * 59) / 60),
      ),
    ).toBeLessThan(1e-15);
  });

  test('a large offset costs no digits', () => {
    // Multiples of 1/8 below 2^20: exact in float32.
    const data = Float32Array.from([1.5, 2, 1, 4, 2.125, 3].map(x => x + 1_000_000));
    const shifted = covariance({ rows: 3, cols: 2, data });
    const plain = covariance({ rows: 3, cols: 2, data: data.map(x => x - 1_000_000) });
    expect(largestGap(shifted, plain)).toBeLessThan(1e-9);
  });

  test('too few rows are named', () => {
    const one = { rows: 1, cols: 2, data: new Float32Array(2) };
    expect(() => covariance(one)).toThrow('"matrix" expected 2 or more rows, got 1');
    expect([...covariance(one, { ddof: 0 })]).toEqual([0, 0, 0, 0]);
    expect(() => columnMeans({ rows: 0, cols: 2, data: new Float32Array() })).toThrow('"matrix"');
  });
});

describe('eigenvalues', () => {
  test('of the Hilbert matrix, the small ones too', () => {
    // numpy 2: np.linalg.eigvalsh(scipy.linalg.hilbert(5))[::-1]
    const expected = [
      1.5670506910982307, 0.20853421861101332, 0.011407491623419655, 0.0003058980401511414, 3.2879287721667084e-6,
    ];
    const hilbert = Float64Array.from({ length: 25 }, (_, at) => 1 / (Math.floor(at / 5) + (at % 5) + 1));
    expect(largestGap(symmetricEigenvalues(hilbert, 5), expected)).toBeLessThan(5e-16);
    expect(largestGap(symmetricEigen(hilbert, 5).values, expected)).toBeLessThan(5e-16);
  });

  test('A·v = λ·v, vectors orthonormal, largest first, for any symmetric matrix', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), fc.constantFrom(1e-150, 1, 1e150), (n, seed, scale) => {
        const a = randomSymmetric(n, seed).map(value => value * scale);
        const { values, vectors } = symmetricEigen(a, n);
        for (let p = 0; p < n; p++) {
          const vector = vectors.subarray(p * n, (p + 1) * n);
          if (p > 0) expect(values[p]!).toBeLessThanOrEqual(values[p - 1]!);
          for (let i = 0; i < n; i++) {
            let image = 0;
            for (let j = 0; j < n; j++) image += a[i * n + j]! * vector[j]!;
            expect(Math.abs(image - values[p]! * vector[i]!)).toBeLessThan(1e-13 * n * scale);
          }
          for (let q = 0; q <= p; q++) {
            let along = 0;
            for (let j = 0; j < n; j++) along += vector[j]! * vectors[q * n + j]!;
            expect(Math.abs(along - (p === q ? 1 : 0))).toBeLessThan(1e-13);
          }
        }
        expect(largestGap(symmetricEigenvalues(a, n), values)).toBeLessThan(1e-13 * n * scale);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  test('repeated, zero and graded eigenvalues', () => {
    const identity = Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? 3 : 0));
    expect([...symmetricEigen(identity, 6).values]).toEqual([3, 3, 3, 3, 3, 3]);
    expect([...symmetricEigenvalues(new Float64Array(9), 3)]).toEqual([0, 0, 0]);
    const ones = new Float64Array(49).fill(1);
    expect(largestGap(symmetricEigenvalues(ones, 7), [7, 0, 0, 0, 0, 0, 0])).toBeLessThan(1e-14);
    const graded = Float64Array.from({ length: 16 }, (_, at) => 10 ** (-4 * Math.max(Math.floor(at / 4), at % 4)));
    expect(symmetricEigenvalues(graded, 4).every(Number.isFinite)).toBe(true);
  });

  test('128 × 128: trace and square are kept', () => {
    const n = 128;
    const a = randomSymmetric(n, 6);
    const { values } = symmetricEigen(a, n);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += a[i * n + i]!;
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 10);
    const squares = a.reduce((sum, value) => sum + value * value, 0);
    expect(values.reduce((sum, value) => sum + value * value, 0) / squares).toBeCloseTo(1, 12);
  });

  test('of low rank, where all but a few are rounding errors', () => {
    const stream = openStream(randomKey(77));
    for (let round = 0; round < 60; round++) {
      const n = 20 + stream.integer(110);
      const rank = 1 + stream.integer(n);
      const factor = Float64Array.from({ length: n * rank }, () =>
        Math.fround(stream.normal() * (stream.bool(0.7) ? 1 : 1e-6)),
      );
      const data = new Float64Array(n * n);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          for (let k = 0; k < rank; k++) data[i * n + j]! += factor[i * rank + k]! * factor[j * rank + k]!;
        }
      }
      const values = symmetricEigenvalues(data, n);
      const trace = values.reduce((sum, value) => sum + value, 0);
      let diagonal = 0;
      for (let i = 0; i < n; i++) diagonal += data[i * n + i]!;
      expect(Math.abs(trace / diagonal - 1)).toBeLessThan(1e-12);
      for (const value of values.subarray(rank)) expect(Math.abs(value / values[0]!)).toBeLessThan(1e-13);
    }
  });

  test('a wrong size or entry is named', () => {
    expect(() => symmetricEigen(new Float64Array(3), 2)).toThrow('"data" expected 2 × 2 numbers, got 3');
    expect(() => symmetricEigenvalues(Float64Array.of(1, Number.NaN, 0, 1), 2)).toThrow(
      '"data" expected finite numbers',
    );
  });
});

describe('roots of positive semi-definite matrices', () => {
  test('the root squared is the matrix, of full and of low rank', () => {
    for (const matrix of [train, { ...train, rows: 3 }]) {
      const a = covariance(matrix);
      const root = squareRoot(a, 6);
      expect(largestGap(multiply(root, root, 6), a)).toBeLessThan(1e-14);
    }
  });

  test('trace of the root of a product agrees with SciPy', () => {
    // scipy 1.17: np.trace(scipy.linalg.sqrtm(np.cov(A.T) @ np.cov(B.T))).real
    const a = covariance(train);
    const b = covariance(generated);
    expect(traceOfRootProduct(a, b, 6)).toBeCloseTo(2.3434480424514734, 6);
    expect(traceOfRootProduct(b, a, 6)).toBeCloseTo(traceOfRootProduct(a, b, 6), 12);
    expect(traceOfRootProduct(a, a, 6)).toBeCloseTo(a[0]! + a[7]! + a[14]! + a[21]! + a[28]! + a[35]!, 12);
  });

  test('fewer samples than dimensions', () => {
    // numpy 2: the nuclear norm of the centred (L − l̄)(M − m̄)ᵀ / √(3·6); SciPy's sqrtm is off by 3e-8 on these singular ones.
    const low = covariance(waves(4, 10, [0.71, 0.013, 1, 0]).matrix);
    const high = covariance(waves(7, 10, [0.93, 0.029, 0.8, 0.5]).matrix);
    expect(traceOfRootProduct(low, high, 10)).toBeCloseTo(1.658134360300703, 6);
    expect(traceOfRootProduct(high, low, 10)).toBeCloseTo(1.658134360300703, 6);
    expect(traceOfRootProduct(new Float64Array(100), high, 10)).toBe(0);
    expect(() => traceOfRootProduct(low, high, 9)).toThrow('"a" and "b" expected 9 × 9');
  });
});

describe('linear equations', () => {
  test('solves what it can and says when it cannot', () => {
    expect(
      solveLinear(
        [
          [0, 2],
          [3, 1],
        ],
        [4, 5],
      ),
    ).toEqual([1, 2]);
    expect(
      solveLinear(
        [
          [1, 2],
          [2, 4],
        ],
        [1, 2],
      ),
    ).toBeNull();
    expect(
      solveLinear(
        [
          [1, 2],
          [2, 4 + 1e-16],
        ],
        [1, 2],
      ),
    ).toBeNull();
    expect(solveLinear([], [])).toEqual([]);
    expect(() => solveLinear([[1, 2]], [1, 2])).toThrow('"matrix" expected 2 rows of 2 numbers');
  });

  test('the solution solves, for any well-conditioned matrix', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(), (n, seed) => {
        const stream = openStream(randomKey(seed));
        const matrix = Array.from({ length: n }, (_, i) =>
          Array.from({ length: n }, (_, j) => stream.normal() + (i === j ? 2 * n : 0)),
        );
        const wanted = Array.from({ length: n }, () => stream.normal());
        const right = matrix.map(line => line.reduce((sum, value, j) => sum + value * wanted[j]!, 0));
        expect(largestGap(solveLinear(matrix, right)!, wanted)).toBeLessThan(1e-12);
      }),
      { seed: 6, numRuns: 60 },
    );
  });
});
