import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chiSquareStatistic,
  chiSquareTest,
  type FourCounts,
  fisherExact,
  permutationChiSquare,
} from '../../src/ground/math/contingency.ts';
import { type Alternative, permutationTest } from '../../src/ground/math/permutation-test.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';
import { mannWhitneyU } from '../../src/ground/math/rank-test.ts';
import { mcNemarExact, signTest } from '../../src/ground/math/sign-test.ts';

const key = foldIn(randomKey(4), 'tests');
const ALTERNATIVES: readonly Alternative[] = ['two-sided', 'greater', 'less'];

/** √n times the Kolmogorov-Smirnov distance of p-values from the uniform law; above 2 with probability 6.7e-4 under it. */
function distanceFromUniform(pValues: readonly number[]): number {
  const sorted = [...pValues].sort((a, b) => a - b);
  const gaps = sorted.map((p, i) => Math.max(p - i / sorted.length, (i + 1) / sorted.length - p));
  return Math.max(...gaps) * Math.sqrt(sorted.length);
}

describe('permutation test', () => {
  const values = [1.3, 2.1, 0.4, 5.5, 3.2, 4.8, 6.1];
  const differenceOfMeans = (data: readonly number[]) => (labels: Int32Array) => {
    const total = [0, 0];
    const count = [0, 0];
    for (const [i, label] of labels.entries()) {
      total[label]! += data[i]!;
      count[label]!++;
    }
    return total[1]! / count[1]! - total[0]! / count[0]!;
  };

  test('counts all relabellings where they are few', () => {
    // scipy 1.17: permutation_test((v[:3], v[3:]), mean(q) − mean(p), n_resamples=inf)
    const expected = { 'two-sided': 0.05714285714285714, greater: 0.02857142857142857, less: 1 };
    for (const alternative of ALTERNATIVES) {
      const result = permutationTest({
        labels: [0, 0, 0, 1, 1, 1, 1],
        statistic: differenceOfMeans(values),
        stream: openStream(key),
        alternative,
      });
      expect(result.p).toBeCloseTo(expected[alternative], 14);
      expect(result).toMatchObject({ exact: true, permutations: 35 });
    }
  });

  test('with more than two groups too', () => {
    let seen = 0;
    const result = permutationTest({
      labels: [2, 0, 0, 1, 1],
      statistic: labels => {
        seen++;
        return labels[0]!;
      },
      stream: openStream(key),
    });
    // 5!/(2!·2!) orders; a fifth of them begin with the one label 2. One call more looks at the labels as given.
    expect(result).toEqual({ p: 0.2, observed: 2, permutations: 30, exact: true });
    expect(seen).toBe(31);
  });

  test('draws relabellings where they are many, and agrees with the count', () => {
    const options = {
      labels: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
      statistic: differenceOfMeans([...values, 0.7, 2.2, 3.3]),
    };
    const exact = permutationTest({ ...options, stream: openStream(key), permutations: 252 });
    const drawn = permutationTest({ ...options, stream: openStream(key), permutations: 251 });
    const many = permutationTest({
      ...options,
      stream: openStream(foldIn(key, 1)),
      permutations: 20_000,
      labels: [...options.labels],
    });
    expect([exact.exact, drawn.exact, many.exact]).toEqual([true, false, true]);
    // Five standard errors of 251 draws.
    expect(Math.abs(drawn.p - exact.p)).toBeLessThan(5 * Math.sqrt((exact.p * (1 - exact.p)) / 251));
    // (1 + #reached)/(1 + permutations): a whole number over 252, and never 0.
    expect(drawn.p * 252).toBeCloseTo(Math.round(drawn.p * 252), 9);
    const never = permutationTest({
      labels: Array.from({ length: 40 }, (_, i) => i % 2),
      statistic: labels => (labels.every((label, i) => label === i % 2) ? 1 : 0),
      stream: openStream(key),
      permutations: 99,
    });
    expect(never.p).toBe(0.01);
  });

  test('sums that are equal but for rounding are ties', () => {
    const tenths = [0.1, 0.2, 0.3, 0.3, 0.2, 0.1];
    const { p } = permutationTest({
      labels: [1, 1, 1, 0, 0, 0],
      statistic: labels => tenths.reduce((sum, value, i) => (labels[i] === 1 ? sum + value : sum), 0),
      stream: openStream(key),
    });
    // 0.6 is reached by the 8 choices of one value of each pair, and exceeded by 6: {.3, .3, x} and {.2, .2, .3} twice.
    expect(p).toBeCloseTo(14 / 20, 12);
  });

  test('p-values are uniform when nothing is there: 200 splits, fixed seed, false-alarm rate 7e-4', () => {
    const pValues = Array.from({ length: 200 }, (_, split) => {
      const stream = openStream(foldIn(foldIn(key, 'splits'), split));
      const data = Array.from({ length: 30 }, () => stream.normal() ** 3);
      const labels = stream.shuffle(Array.from({ length: 30 }, (_, i) => (i < 11 ? 0 : 1)));
      return permutationTest({ labels, statistic: differenceOfMeans(data), stream, permutations: 399 }).p;
    });
    expect(distanceFromUniform(pValues)).toBeLessThan(2);
  });

  test('wrong arguments are named', () => {
    const options = { labels: [0, 1], statistic: () => 1, stream: openStream(key) };
    expect(() => permutationTest({ ...options, permutations: 0 })).toThrow('"permutations"');
    expect(() => permutationTest({ ...options, labels: [] })).toThrow('"labels" expected at least one label');
    expect(() => permutationTest({ ...options, statistic: () => Number.NaN })).toThrow('"statistic"');
  });
});

describe('Mann-Whitney U', () => {
  const x = [1.1, 2.3, 2.9, 4.4, 5.0];
  const y = [0.2, 0.9, 1.5, 2.1, 2.8, 3.3];

  test('exact and normal agree with SciPy', () => {
    // scipy 1.17: mannwhitneyu(x, y, alternative=a, method='exact' | 'asymptotic')
    const expected = {
      'two-sided': [0.17748917748917747, 0.17090352023079747],
      greater: [0.08874458874458874, 0.08545176011539873],
      less: [0.9372294372294372, 0.9396545997362772],
    };
    for (const alternative of ALTERNATIVES) {
      const exact = mannWhitneyU(x, y, { alternative });
      expect(exact).toMatchObject({ u: 23, superiority: 23 / 30, method: 'exact' });
      expect(exact.p).toBeCloseTo(expected[alternative][0]!, 14);
      expect(mannWhitneyU(x, y, { alternative, method: 'normal' }).p).toBeCloseTo(expected[alternative][1]!, 13);
    }
    // mannwhitneyu(arange(40) + .5, arange(30)·1.73, method='exact')
    const [first, second] = [
      Array.from({ length: 40 }, (_, i) => i + 0.5),
      Array.from({ length: 30 }, (_, i) => 1.73 * i),
    ];
    expect(mannWhitneyU(first, second, { method: 'exact' }).u).toBe(483);
    expect(mannWhitneyU(first, second, { method: 'exact' }).p).toBeCloseTo(0.1678303322905699, 12);
  });

  test('ties: exact over the ranks at hand, and corrected in the normal law', () => {
    // scipy 1.17: permutation_test((a, b), U, n_resamples=inf) and mannwhitneyu(a, b, method='asymptotic')
    const a = [1, 2, 2, 3, 5, 5, 6];
    const b = [2, 2, 1, 0, 3, 3];
    const expected = {
      'two-sided': [0.19813519813519814, 0.18853047251051946],
      greater: [0.09906759906759907, 0.09426523625525973],
      less: [0.921911421911422, 0.9279981941494225],
    };
    for (const alternative of ALTERNATIVES) {
      expect(mannWhitneyU(a, b, { alternative }).u).toBe(30.5);
      expect(mannWhitneyU(a, b, { alternative }).p).toBeCloseTo(expected[alternative][0]!, 13);
      expect(mannWhitneyU(a, b, { alternative, method: 'normal' }).p).toBeCloseTo(expected[alternative][1]!, 13);
    }
    // mannwhitneyu([round(sin(.7i)·3 + .4, 1) for i < 120], [round(sin(1.3i)·3, 1) for i < 150], method='asymptotic')
    const round = (value: number) => Math.round(value * 10) / 10;
    const big = mannWhitneyU(
      Array.from({ length: 120 }, (_, i) => round(Math.sin(i * 0.7) * 3 + 0.4)),
      Array.from({ length: 150 }, (_, i) => round(Math.sin(i * 1.3) * 3)),
    );
    expect(big).toMatchObject({ u: 10298.5, method: 'normal' });
    expect(big.p).toBeCloseTo(0.041671300787828595, 12);
  });

  test('exchanging the samples exchanges the sides', () => {
    const sample = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(sample, sample, (first, second) => {
        for (const method of ['exact', 'normal'] as const) {
          const forward = mannWhitneyU(first, second, { alternative: 'greater', method });
          const backward = mannWhitneyU(second, first, { alternative: 'less', method });
          expect(backward.p).toBeCloseTo(forward.p, 12);
          expect(forward.superiority + backward.superiority).toBeCloseTo(1, 12);
        }
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  test('p-values are uniform when nothing is there: 500 samples, fixed seed, false-alarm rate 7e-4', () => {
    const stream = openStream(foldIn(key, 'ranks'));
    const draw = (n: number) => Array.from({ length: n }, () => stream.uniform());
    const pValues = Array.from({ length: 500 }, () => mannWhitneyU(draw(25), draw(30), { alternative: 'greater' }).p);
    expect(distanceFromUniform(pValues)).toBeLessThan(2);
  });

  test('edges', () => {
    expect(mannWhitneyU([3, 3], [3, 3, 3])).toEqual({ u: 3, superiority: 0.5, p: 1, method: 'exact' });
    expect(mannWhitneyU([3, 3], [3, 3, 3], { method: 'normal' }).p).toBe(1);
    expect(mannWhitneyU([2], [1])).toEqual({ u: 1, superiority: 1, p: 1, method: 'exact' });
    expect(() => mannWhitneyU([], [1])).toThrow('"first" and "second" expected values in both, got 0 and 1');
    expect(() => mannWhitneyU([1], [Number.NaN])).toThrow('"second" expected finite numbers');
  });
});

describe('tables of counts', () => {
  // scipy 1.17: fisher_exact(table, alternative)[1]
  const fisherCases: readonly (readonly [FourCounts, number, number, number])[] = [
    [
      [
        [3, 1],
        [1, 3],
      ],
      0.48571428571428565,
      0.24285714285714283,
      0.9857142857142858,
    ],
    [
      [
        [8, 2],
        [1, 5],
      ],
      0.034965034965034975,
      0.024475524475524483,
      0.9991258741258742,
    ],
    [
      [
        [0, 5],
        [5, 0],
      ],
      0.007936507936507938,
      1,
      0.003968253968253969,
    ],
    [
      [
        [120, 80],
        [95, 130],
      ],
      0.0003151616686679846,
      0.00017826370770922947,
      0.9999171542357858,
    ],
    [
      [
        [2, 10],
        [15, 3],
      ],
      0.0005367241191434357,
      0.9999845190186861,
      0.000465180943362905,
    ],
    [
      [
        [7, 0],
        [0, 0],
      ],
      1,
      1,
      1,
    ],
    [
      [
        [1000, 2000],
        [1100, 1900],
      ],
      0.007364099121621419,
      0.9968721592514448,
      0.0036820495608107097,
    ],
  ];
  test.each(fisherCases)('Fisher exact %j', (table, twoSided, greater, less) => {
    expect(fisherExact(table) / twoSided).toBeCloseTo(1, 11);
    expect(fisherExact(table, { alternative: 'greater' }) / greater).toBeCloseTo(1, 11);
    expect(fisherExact(table, { alternative: 'less' }) / less).toBeCloseTo(1, 11);
  });

  test('Fisher exact keeps the far tail', () => {
    // 2 / C(400, 200): the two tables at the ends.
    let choose = 1;
    for (let i = 1; i <= 200; i++) choose *= (200 + i) / i;
    expect(
      (fisherExact([
        [200, 0],
        [0, 200],
      ]) *
        choose) /
        2,
    ).toBeCloseTo(1, 11);
  });

  test('chi-square agrees with SciPy', () => {
    // scipy 1.17: chi2_contingency(table, correction=False); the first is its own example.
    const large = chiSquareTest(
      [
        [90, 60, 104, 95],
        [30, 50, 51, 20],
        [30, 40, 45, 35],
      ],
      { stream: openStream(key) },
    );
    expect(large).toMatchObject({ degrees: 6, method: 'chi-square' });
    expect(large.statistic).toBeCloseTo(24.5712028585826, 11);
    expect(large.p).toBeCloseTo(0.0004098425861096696, 14);
    const small = chiSquareTest(
      [
        [20, 0, 30],
        [40, 0, 25],
      ],
      { stream: openStream(key) },
    );
    expect(small).toMatchObject({ degrees: 1, method: 'chi-square' });
    expect(small.p).toBeCloseTo(0.021895383085184926, 14);
    expect(
      chiSquareStatistic([
        [20, 30],
        [40, 25],
      ]),
    ).toBeCloseTo(5.254079254079253, 12);
  });

  test('small counts: relabelling comes to the exact probability', () => {
    // All C(11, 4) = 330 choices of the first row counted in Python: 34/330. The standard error of 40,000 draws is 0.0015.
    const table = [
      [3, 0, 1],
      [1, 4, 2],
    ];
    const { p, method, statistic } = chiSquareTest(table, { stream: openStream(key), permutations: 40_000 });
    expect(method).toBe('permutation');
    expect(statistic).toBeCloseTo(4.877976190476191, 12);
    expect(Math.abs(p - 34 / 330)).toBeLessThan(0.007);
    expect(
      permutationChiSquare(
        [
          [500, 1, 0],
          [0, 0, 40],
        ],
        { stream: openStream(key), permutations: 99 },
      ),
    ).toBe(0.01);
  });

  test('relabelling p-values are uniform when nothing is there, as far as so few tables can be', () => {
    // Discrete p-values lie above the uniform law: P(p ≤ α) ≤ α. 600 tables, 4.5 standard errors, false-alarm rate 1e-5.
    const stream = openStream(foldIn(key, 'tables'));
    let called = 0;
    for (let i = 0; i < 600; i++) {
      const table = [0, 1].map(() => {
        const counts = [0, 0, 0, 0];
        for (let k = 0; k < 15; k++) counts[stream.pick([0, 0, 0, 1, 1, 2, 3])]!++;
        return counts;
      });
      if (permutationChiSquare(table, { stream: openStream(foldIn(key, i)), permutations: 199 }) <= 0.1) called++;
    }
    expect(called / 600).toBeLessThan(0.1 + 4.5 * Math.sqrt(0.09 / 600));
    expect(called / 600).toBeGreaterThan(0.04);
  });

  test('edges', () => {
    expect(
      chiSquareTest(
        [
          [5, 0],
          [9, 0],
        ],
        { stream: openStream(key) },
      ),
    ).toEqual({ statistic: 0, degrees: 0, p: 1, method: 'chi-square' });
    expect(() =>
      chiSquareTest(
        [
          [1, 2],
          [0, 0],
        ],
        { stream: openStream(key) },
      ),
    ).toThrow('"table" expected items in every row, got none in row 1');
    expect(() =>
      fisherExact([
        [1, -2],
        [1, 2],
      ]),
    ).toThrow('"table" expected two or more rows');
    expect(() => chiSquareStatistic([[1, 2], [1]])).toThrow('"table"');
  });
});

describe('signs', () => {
  // scipy 1.17: binomtest(k, k + m) and, one-sided, alternative='greater'; statsmodels 0.15 mcnemar(exact=True) gives the first.
  test.each([
    [10, 3, 0.09228515625, 0.046142578125],
    [0, 6, 0.03125, 1],
    [25, 25, 1, 0.5561375863296085],
    [500, 620, 0.0003724137555440742, 0.9998520298200159],
    [0, 0, 1, 1],
  ])('%d against %d', (positive, negative, twoSided, greater) => {
    expect(mcNemarExact(positive, negative)).toBeCloseTo(twoSided, 13);
    expect(signTest(positive, negative)).toBeCloseTo(twoSided, 13);
    expect(signTest(positive, negative, { alternative: 'greater' })).toBeCloseTo(greater, 13);
    expect(signTest(negative, positive, { alternative: 'less' })).toBeCloseTo(greater, 13);
  });

  test('wrong counts are named', () => {
    expect(() => signTest(-1, 2)).toThrow('"positive" expected a whole number of at least 0, got -1');
    expect(() => mcNemarExact(1, 0.5)).toThrow('"negative"');
  });
});
