import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { metricSchema } from '../../src/ground/contracts/metric.ts';
import { logGamma } from '../../src/ground/math/gamma.ts';
import {
  clopperPearson,
  meanInterval,
  meanMetric,
  newcombe,
  proportionMetric,
  wilson,
} from '../../src/ground/math/intervals.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';

function binomial(k: number, n: number, p: number): number {
  if (p === 0 || p === 1) return k === (p === 0 ? 0 : n) ? 1 : 0;
  const log = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log1p(-p);
  return Math.exp(log);
}

/** The exact probability that the interval of a method contains p. */
function coverage(method: typeof wilson, n: number, p: number, confidence: number): number {
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    const { low, high } = method(k, n, { confidence });
    if (low <= p && p <= high) sum += binomial(k, n, p);
  }
  return sum;
}

describe('proportions', () => {
  // statsmodels 0.15.0: proportion_confint(k, n, 1 − confidence, method='wilson') and 'beta'.
  test.each([
    [0, 10, 0.95, 0, 0.2775327998628892, 0, 0.3084971078187607],
    [3, 10, 0.95, 0.10779126740630099, 0.6032218525388546, 0.0667395111777345, 0.6524528500599973],
    [10, 10, 0.95, 0.7224672001371107, 1, 0.6915028921812392, 1],
    [1, 1, 0.9, 0.269865948784054, 1, 0.05, 1],
    [0, 1, 0.99, 0, 0.8690224567198142, 0, 0.995],
    [489, 500, 0.99, 0.9538247481504681, 0.9896554645369507, 0.9549767168664971, 0.9913077391743996],
    [120, 100_000, 0.95, 0.0010037363591511638, 0.0014345845619616762, 0.0009950163372436382, 0.0014347372838498411],
  ])('%d of %d at %d', (k, n, confidence, wilsonLow, wilsonHigh, exactLow, exactHigh) => {
    const score = wilson(k, n, { confidence });
    expect(score.low).toBeCloseTo(wilsonLow, 14);
    expect(score.high).toBeCloseTo(wilsonHigh, 14);
    expect(score).toMatchObject({ confidence, method: 'wilson' });
    const exact = clopperPearson(k, n, { confidence });
    expect(exact.low).toBeCloseTo(exactLow, 13);
    expect(exact.high).toBeCloseTo(exactHigh, 13);
    expect(exact).toMatchObject({ confidence, method: 'clopper-pearson' });
  });

  // Summed over all outcomes, so nothing here is random.
  test.each([1, 2, 7, 30])('Clopper-Pearson covers every share at least as often as it says, n = %d', n => {
    for (let i = 0; i <= 200; i++)
      expect(coverage(clopperPearson, n, i / 200, 0.9)).toBeGreaterThanOrEqual(0.9 - 1e-12);
  });

  test('Wilson covers on average what it says', () => {
    for (const confidence of [0.8, 0.95]) {
      let sum = 0;
      const grid = 400;
      for (let i = 0; i < grid; i++) sum += coverage(wilson, 30, (i + 0.5) / grid, confidence);
      // The normal interval would average 0.904 here instead of 0.95.
      expect(Math.abs(sum / grid - confidence)).toBeLessThan(0.008);
    }
  });

  test('the share is inside, the mirror image mirrors, more data narrow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, share) => {
        const k = Math.round(share * n);
        for (const method of [wilson, clopperPearson]) {
          const { low, high } = method(k, n);
          expect(low).toBeLessThanOrEqual(k / n);
          expect(high).toBeGreaterThanOrEqual(k / n);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          const mirrored = method(n - k, n);
          expect(mirrored.low).toBeCloseTo(1 - high, 12);
          const more = method(4 * k, 4 * n);
          expect(more.high - more.low).toBeLessThan(high - low);
        }
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  test('metrics: a share of nothing says why', () => {
    expect(proportionMetric(0, 0, { reason: 'no face was found' })).toEqual({
      value: null,
      n: 0,
      interval: null,
      reason: 'no face was found',
    });
    expect(metricSchema.parse(proportionMetric(0, 0)).reason).toBe('there is nothing to count');
    expect(proportionMetric(3, 4)).toEqual({ value: 0.75, n: 4, interval: wilson(3, 4) });
    expect(proportionMetric(3, 4, { method: 'clopper-pearson', confidence: 0.9 }).interval).toEqual(
      clopperPearson(3, 4, { confidence: 0.9 }),
    );
  });

  test('wrong counts are named', () => {
    expect(() => wilson(1, 0)).toThrow('"n" expected a whole number of at least 1, got 0');
    expect(() => wilson(5, 4)).toThrow('"successes" expected at most n = 4, got 5');
    expect(() => clopperPearson(-1, 4)).toThrow('"successes"');
    expect(() => wilson(0.5, 4)).toThrow('"successes"');
    expect(() => wilson(1, 4, { confidence: 95 })).toThrow('"confidence" expected a number between 0 and 1, got 95');
    expect(() => proportionMetric(1, 0)).toThrow('"n"');
  });
});

describe('difference of two proportions', () => {
  // statsmodels 0.15.0: confint_proportions_2indep(k1, n1, k2, n2, method='newcomb'); the first row is Newcombe's own
  // example (a) of 1998, table II, method 10: 0.0524 to 0.3339.
  test.each([
    [56, 70, 48, 80, 0.05243147240236498, 0.33387265403690614],
    [9, 10, 3, 10, 0.1705227239345029, 0.809017973535488],
    [10, 10, 0, 20, 0.6790860371419145, 1],
    [0, 10, 0, 20, -0.1611251580528194, 0.27753279986288926],
    [300, 1000, 290, 1000, -0.029946681055744766, 0.04990346663634422],
  ])('%d of %d against %d of %d', (k1, n1, k2, n2, low, high) => {
    const interval = newcombe({ successes: k1, n: n1 }, { successes: k2, n: n2 });
    expect(interval.low).toBeCloseTo(low, 13);
    expect(interval.high).toBeCloseTo(high, 13);
    expect(interval.method).toBe('newcombe');
  });
});

describe('means', () => {
  test('Student interval', () => {
    // scipy 1.17: stats.t.interval(.95, 4, np.mean(x), stats.sem(x))
    const interval = meanInterval([1.2, 3.4, -0.7, 2.2, 8.9]);
    expect(interval.low).toBeCloseTo(-1.5000685303735564, 12);
    expect(interval.high).toBeCloseTo(7.500068530373556, 12);
  });

  test('one value has no interval, none has no value', () => {
    expect(meanMetric([7])).toEqual({ value: 7, n: 1, interval: null });
    expect(metricSchema.parse(meanMetric([])).reason).toBe('there is nothing to average');
    expect(() => meanMetric([1, Number.NaN])).toThrow('"values" expected finite numbers, got NaN at index 1');
    expect(() => meanInterval([1])).toThrow('"values" expected 2 or more numbers, got 1');
  });

  test('covers a normal mean as often as it says: 4,000 samples of 4, fixed seed, false-alarm rate 1e-5', () => {
    const stream = openStream(foldIn(randomKey(1), 'mean coverage'));
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      const { low, high } = meanInterval(
        Array.from({ length: 4 }, () => 3 + 2.5 * stream.normal()),
        { confidence: 0.9 },
      );
      if (low <= 3 && 3 <= high) covered++;
    }
    // 4.42 standard errors. With the normal quantile in place of Student's it would be 0.80.
    expect(Math.abs(covered / 4000 - 0.9)).toBeLessThan(4.42 * Math.sqrt(0.09 / 4000));
  });
});
