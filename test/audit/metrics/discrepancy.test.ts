import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDistributions, normalisedEntropy } from '../../../src/jobs/audit/metrics/discrepancy.ts';

const distribution = (classes: number) =>
  fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }).map(values => {
    const sum = values.reduce((total, value) => total + value, 0);
    return values.map(value => value / sum);
  });
const pair = fc.integer({ min: 2, max: 6 }).chain(classes => fc.tuple(distribution(classes), distribution(classes)));

describe('distances between distributions', () => {
  test('against scipy', () => {
    // p, q = [.2, .5, .3], [.4, .4, .2]: scipy.stats.entropy(p, q), scipy.spatial.distance.jensenshannon(p, q),
    // numpy.linalg.norm(p - q), abs(p - q).sum() / 2, ((p - q)**2 / (p + q)).sum() / 2
    const distances = compareDistributions([0.2, 0.5, 0.3], [0.4, 0.4, 0.2]);
    expect(distances.kl).toBeCloseTo(0.0945819, 6);
    expect(distances.jensenShannon).toBeCloseTo(0.157503, 5);
    expect(distances.fairnessDiscrepancy).toBeCloseTo(0.244949, 6);
    expect(distances.totalVariation).toBeCloseTo(0.2, 12);
    expect(distances.chiSquare).toBeCloseTo(0.0488889, 6);
    expect(distances.parityGap).toBeCloseTo(0.3, 12);
  });

  test('the parity gap of two classes is the difference of their shares', () => {
    expect(compareDistributions([0.82, 0.18], [0.5, 0.5]).parityGap).toBeCloseTo(0.64, 12);
  });

  test('KL is missing, not zero, where a class has no counterpart', () => {
    expect(compareDistributions([0.5, 0.5], [1, 0]).kl).toBeNull();
    expect(compareDistributions([1, 0], [0.5, 0.5]).kl).toBeCloseTo(Math.LN2, 12);
  });

  test('are zero for equal distributions, symmetric but for KL, and bounded', () => {
    fc.assert(
      fc.property(pair, ([p, q]) => {
        const there = compareDistributions(p, q);
        const back = compareDistributions(q, p);
        for (const name of [
          'fairnessDiscrepancy',
          'totalVariation',
          'jensenShannon',
          'chiSquare',
          'parityGap',
        ] as const) {
          expect(there[name]).toBeCloseTo(back[name], 9);
          expect(compareDistributions(p, p)[name]).toBe(0);
        }
        expect(there.totalVariation).toBeLessThanOrEqual(1);
        expect(there.chiSquare).toBeLessThanOrEqual(there.totalVariation + 1e-12);
        expect(there.jensenShannon).toBeLessThanOrEqual(Math.sqrt(Math.LN2));
        // Pinsker's inequality
        expect(there.totalVariation ** 2).toBeLessThanOrEqual((there.kl ?? Number.NaN) / 2 + 1e-9);
      }),
    );
  });

  test('refuses what is no distribution', () => {
    expect(() => compareDistributions([0.5, 0.6], [0.5, 0.5])).toThrow('"p" expected shares that sum to 1');
    expect(() => compareDistributions([0.5, 0.5], [1])).toThrow('"q" expected 2 shares');
    expect(() => compareDistributions([-0.5, 1.5], [0.5, 0.5])).toThrow('at least 0');
  });

  test('entropy', () => {
    expect(normalisedEntropy([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(1, 12);
    expect(normalisedEntropy([1, 0])).toBe(0);
    // scipy.stats.entropy([.2, .5, .3]) / log(3)
    expect(normalisedEntropy([0.2, 0.5, 0.3])).toBeCloseTo(0.937231, 5);
  });
});
