import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldIn, openStream, type RandomStream, randomKey } from '../../../src/ground/math/index.ts';
import { cleam, correctShare, correctShares, solveOnSimplex } from '../../../src/jobs/audit/metrics/cleam.ts';

const key = randomKey(3);

function binomial(stream: RandomStream, n: number, p: number): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (stream.uniform() < p) count++;
  return count;
}

/** Counts of n draws from shares. */
function multinomial(stream: RandomStream, n: number, shares: readonly number[]): number[] {
  const counts = shares.map(() => 0);
  for (let i = 0; i < n; i++) {
    let left = stream.uniform();
    let at = 0;
    while (at < shares.length - 1 && left >= shares[at]!) left -= shares[at++]!;
    counts[at]!++;
  }
  return counts;
}

test('CLEAM vector', () => {
  // teo et al.'s numbers recomputed: mean .62, deviation (n) .0141421, over 5 batches.
  const { value, low, high } = cleam([0.61, 0.63, 0.62, 0.6, 0.64], { alpha0: 0.947, alpha1: 0.983 });
  expect(value).toBeCloseTo(0.648387, 6);
  expect(low).toBeCloseTo(0.635058, 6);
  expect(high).toBeCloseTo(0.661716, 6);
});

test('a classifier no better than chance corrects nothing', () => {
  expect(() => cleam([0.5, 0.6], { alpha0: 0.5, alpha1: 0.5 })).toThrow('no better than chance');
  expect(() => correctShare(5, 10, { class0: { correct: 3, n: 6 }, class1: { correct: 3, n: 6 } })).toThrow(
    'no better than chance',
  );
});

describe('correction of two classes', () => {
  test('variance by hand', () => {
    // μ = .62, n = 1000, α₀ = 180/200, α₁ = 190/200, with half an observation each way in the variances:
    // p = (.62 − .05)/.85; var = [μ̃(1−μ̃)/n + p²·α̃₀(1−α̃₀)/200 + (1−p)²·α̃₁(1−α̃₁)/200]/.85²
    const metric = correctShare(620, 1000, { class0: { correct: 180, n: 200 }, class1: { correct: 190, n: 200 } });
    const p = 0.57 / 0.85;
    const part = (successes: number, n: number) => {
      const share = (successes + 0.5) / (n + 1);
      return (share * (1 - share)) / n;
    };
    const variance = (part(620, 1000) + p ** 2 * part(180, 200) + (1 - p) ** 2 * part(190, 200)) / 0.85 ** 2;
    expect(metric.value).toBeCloseTo(p, 12);
    expect((metric.interval?.high ?? 0) - p).toBeCloseTo(1.959964 * Math.sqrt(variance), 6);
  });

  test('its intervals cover where those of CLEAM do not', () => {
    // True share .7, accuracies .85 and .9 measured on 150 items each, 5 batches of 400 generated items. 1,000 rounds: a coverage of .95
    // shows as .95 ± .0276 in 9,999 of 10,000 runs.
    const stream = openStream(foldIn(key, 'coverage'));
    const rounds = 1000;
    const covered = { cleam: 0, delta: 0, dirichlet: 0 };
    for (let round = 0; round < rounds; round++) {
      const correct0 = binomial(stream, 150, 0.85);
      const correct1 = binomial(stream, 150, 0.9);
      const reported = 0.7 * 0.85 + 0.3 * 0.1;
      const batches = Array.from({ length: 5 }, () => binomial(stream, 400, reported));
      const holds = ({ low, high }: { low: number; high: number }): number => (low <= 0.7 && 0.7 <= high ? 1 : 0);
      covered.cleam += holds(
        cleam(
          batches.map(count => count / 400),
          { alpha0: correct0 / 150, alpha1: correct1 / 150 },
        ),
      );
      const total = batches.reduce((sum, count) => sum + count, 0);
      const trials = { class0: { correct: correct0, n: 150 }, class1: { correct: correct1, n: 150 } };
      covered.delta += holds(correctShare(total, 2000, trials).interval ?? { low: 1, high: 0 });
      if (round < 200) {
        const confusion = [
          [correct0, 150 - correct1],
          [150 - correct0, correct1],
        ];
        const [first] = correctShares([total, 2000 - total], confusion, { key: foldIn(key, round) });
        covered.dirichlet += holds(first?.interval ?? { low: 1, high: 0 });
      }
    }
    expect(covered.delta / rounds).toBeGreaterThan(0.922);
    expect(covered.delta / rounds).toBeLessThan(0.978);
    expect(covered.dirichlet / 200).toBeGreaterThan(0.89);
    expect(covered.cleam / rounds).toBeLessThan(0.7);
  });
});

describe('several classes on the simplex', () => {
  const confusion = [
    [0.8, 0.1, 0.1],
    [0.15, 0.8, 0.2],
    [0.05, 0.1, 0.7],
  ];

  test('inverts the confusion where the solution is a distribution', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        ([a, b]) => {
          const truth = [Math.min(a, b), Math.abs(a - b), 1 - Math.max(a, b)];
          const reported = confusion.map(line => line.reduce((sum, weight, j) => sum + weight * truth[j]!, 0));
          solveOnSimplex(confusion, reported).forEach((share, j) => {
            expect(share).toBeCloseTo(truth[j]!, 4);
          });
        },
      ),
    );
  });

  test('stays on the simplex where it is not', () => {
    // scipy.optimize.minimize of −Σ q log(M p) on the simplex for q = (.9, .07, .03): p = (1, 0, 0)
    expect(solveOnSimplex(confusion, [0.9, 0.07, 0.03]).map(share => Math.round(share * 1e4) / 1e4)).toEqual([1, 0, 0]);
    // The inverse has class 1 at −.09; scipy finds (.46654, 0, .53346).
    const [first, second, third] = solveOnSimplex(confusion, [0.45, 0.12, 0.43]);
    expect(first).toBeCloseTo(0.46654, 3);
    expect(second).toBeLessThan(1e-3);
    expect(third).toBeCloseTo(0.53346, 3);
  });

  test('intervals cover every class at about the nominal rate', () => {
    // 150 rounds: .95 shows as at least .88 in 99.9 % of runs, for each class.
    const stream = openStream(foldIn(key, 'several'));
    const truth = [0.6, 0.3, 0.1];
    const reported = confusion.map(line => line.reduce((sum, weight, j) => sum + weight * truth[j]!, 0));
    const covered = [0, 0, 0];
    for (let round = 0; round < 150; round++) {
      const columns = truth.map((_, j) =>
        multinomial(
          stream,
          120,
          confusion.map(line => line[j]!),
        ),
      );
      const counts = truth.map((_, i) => columns.map(column => column[i]!));
      const metrics = correctShares(multinomial(stream, 800, reported), counts, { key: foldIn(key, 1000 + round) });
      metrics.forEach(({ interval }, j) => {
        if (interval !== null && interval.low <= truth[j]! && truth[j]! <= interval.high) covered[j]!++;
      });
    }
    for (const count of covered) expect(count / 150).toBeGreaterThan(0.88);
  });

  test('a class without labelled items is an error', () => {
    const counts = [
      [5, 0],
      [1, 0],
    ];
    expect(() => correctShares([3, 4], counts, { key })).toThrow('none of class 1');
  });
});
