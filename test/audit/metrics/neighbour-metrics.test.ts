import { describe, expect, test } from 'vitest';
import { authPct, authPctOf } from '../../../src/jobs/audit/metrics/auth-pct.ts';
import { carlini } from '../../../src/jobs/audit/metrics/carlini.ts';
import { rankZ, zU } from '../../../src/jobs/audit/metrics/data-copying.ts';
import { prdc } from '../../../src/jobs/audit/metrics/prdc.ts';
import { splitProduct } from '../../../src/jobs/audit/metrics/split-product.ts';
import { plainPairwise } from '../../../src/jobs/audit/pairwise.ts';
import { sourceOf } from '../../../src/kit/tensor/index.ts';
import { matrixOf, VECTOR_SETS } from '../vectors.ts';

const { training, heldout, generated, onlyCopies, far } = VECTOR_SETS;
const options = { pairwise: plainPairwise };

test('the sets are those of the vectors', () => {
  expect(Array.from(training.data.subarray(0, 3))).toEqual([
    expect.closeTo(0.88801, 5),
    expect.closeTo(-0.43623, 5),
    expect.closeTo(0.94243, 5),
  ]);
});

describe('prdc', () => {
  // prdc 0.2 (Naeem et al.), compute_prdc(real, fake, nearest_k), in numpy.
  test.each([
    { k: 3, expected: [0.98, 0.683333, 1.073333, 0.783333] },
    { k: 5, expected: [1, 0.833333, 1.092, 0.966667] },
  ])('k = $k', async ({ k, expected }) => {
    const { precision, recall, density, coverage } = await prdc(training, generated, { ...options, k });
    [precision, recall, density, coverage].forEach((metric, i) => {
      expect(metric.value).toBeCloseTo(expected[i]!, 6);
    });
    expect([precision.n, recall.n, density.n, coverage.n]).toEqual([50, 60, 50, 60]);
    expect(recall.interval?.low).toBeLessThan(recall.value ?? 0);
  });

  test('says why it cannot be computed with too few items', async () => {
    const { precision } = await prdc(training, matrixOf([[1, 2, 3, 4, 5, 6]]), options);
    expect(precision).toMatchObject({ value: null, reason: 'needs more than 5 items in both sets' });
  });
});

describe('AuthPct', () => {
  test('vector', async () => {
    // Percentage of gen with d(gen, nearest train) > d(that train, its nearest other train), in numpy.
    expect((await authPct(training, generated, options)).value).toBeCloseTo(46, 5);
    expect((await authPct(heldout, generated, options)).value).toBeCloseTo(14, 5);
  });

  test('compares with the nearest training item, not with the item of the same row', async () => {
    // The nearest item of both is the last (own nearest at 1); by row number it would be the first two (own nearest at 10).
    const line = matrixOf([[-10], [0], [20], [21]]);
    const metric = await authPct(line, matrixOf([[23], [24]]), options);
    expect(metric).toMatchObject({ value: 100, n: 2 });
    expect(metric.interval?.high).toBe(100);
    expect(metric.interval?.low).toBeCloseTo(34.24, 1);
  });

  test('is a percentage', () => {
    expect(authPctOf([1, 1, 3, 0], [2, 0.5, 1, 1])).toMatchObject({ value: 50, n: 4 });
  });

  test('does not take an exact duplicate for the item itself', async () => {
    // Rows 0 and 1 are one point: the nearest other item of row 0 is at distance 0, not at 5.
    const twice = matrixOf([
      [0, 0],
      [0, 0],
      [3, 4],
    ]);
    expect((await authPct(twice, matrixOf([[0, 1]]), options)).value).toBe(100);
  });
});

describe('Z_U', () => {
  // data-copying's Zu(Pn=test, Qm, T=train): scipy.stats.mannwhitneyu, then the Z score.
  test.each([
    { name: 'generated', set: generated, expected: 0.937858 },
    { name: 'copies', set: onlyCopies, expected: -8.115919 },
    { name: 'far away', set: far, expected: 8.124039 },
  ])('$name', async ({ set, expected }) => {
    const metric = await zU({ training, heldout, generated: set }, options);
    expect(metric.value).toBeCloseTo(expected, 5);
  });

  test('ties count nothing', () => {
    // U = 0 of 4, Z = −1.5/√(4·5/12).
    expect(rankZ([1, 1], [1, 1]).z).toBeCloseTo(-1.5 / Math.sqrt(5 / 3), 12);
  });
});

describe('Carlini ratio', () => {
  test('is the nearest distance over α times the mean of the k nearest', async () => {
    const line = matrixOf([[0], [1], [3], [10]]);
    const { ratios, median, flagged, k } = await carlini(line, matrixOf([[0], [2]]), { ...options, k: 3 });
    // From 0: 0, 1, 3. From 2: 1, 1, 2, so 1/(½·4/3) = 1.5.
    expect(Array.from(ratios)).toEqual([0, expect.closeTo(1.5, 6)]);
    expect(k).toBe(3);
    expect(median.value).toBeCloseTo(0.75, 6);
    expect(flagged).toMatchObject({ value: 0.5, n: 2 });
  });

  test('uses all training items where there are fewer than k', async () => {
    expect((await carlini(training, generated, { ...options, k: 100 })).k).toBe(60);
  });

  test('the five copies have the five smallest ratios', async () => {
    const { ratios } = await carlini(training, generated, { ...options, k: 50 });
    const order = [...ratios.keys()].sort((a, b) => ratios[a]! - ratios[b]!);
    expect(order.slice(0, 5).sort((a, b) => a - b)).toEqual([45, 46, 47, 48, 49]);
    // numpy: d = sort(cdist(gen, train), 1)[:, :50]; d[45, 0] / (.5 * d[45].mean())
    expect(ratios[45]).toBeCloseTo(0.00220433, 7);
  });
});

describe('split-product', () => {
  test('is the largest product of a chunk with its counterpart', async () => {
    const base = matrixOf([
      [1, 0, 0, 1],
      [0, 1, 1, 0],
    ]);
    const half = Math.SQRT1_2;
    // Halves of the query: (√½, 0) and (√½, 0); against row 0 ½ and 0, against row 1 0 and ½.
    const result = await splitProduct(sourceOf(base), matrixOf([[1, 0, 1, 0]]), { ...options, chunks: 2 });
    expect(result.values[0]).toBeCloseTo(half * half, 6);
  });

  test('finds a copied half that the whole product hides', async () => {
    const base = matrixOf([[1, 0.2, 0.9, -0.5, 0.1, 0.3]]);
    const copiedHalf = matrixOf([
      [1, 0.2, 0.9, 0.5, -0.1, -0.3],
      [0.2, 1, -0.5, 0.4, 0.4, 0.4],
    ]);
    const { values } = await splitProduct(sourceOf(base), copiedHalf, { ...options, chunks: 2 });
    expect(values[0]).toBeGreaterThan(0.8);
    expect(values[1]).toBeLessThan(0.2);
  });
});
