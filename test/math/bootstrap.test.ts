import { describe, expect, test } from 'vitest';
import { metricSchema } from '../../src/ground/contracts/metric.ts';
import { bootstrap, bootstrapMean } from '../../src/ground/math/bootstrap.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';
import { mean, quantile } from '../../src/ground/math/summaries.ts';

const key = foldIn(randomKey(2), 'bootstrap');
/** Skewed on purpose: methods that ignore skewness give other ends. */
const skewed = [0.1, 0.2, 0.2, 0.4, 0.5, 0.7, 0.9, 1.1, 1.6, 2.3, 3.7, 6.2];

describe('against SciPy', () => {
  // scipy 1.17, numpy 2: stats.bootstrap((x,), np.mean, n_resamples=400000, method=m, rng=1).confidence_interval
  // Two independent sets of 100,000 and 400,000 resamples: the ends differ by about 0.004 (one deviation), so 0.02 is five.
  test.each([
    ['percentile', 0.6417, 2.5833],
    ['bca', 0.7667, 2.9417],
  ] as const)('%s', (method, low, high) => {
    const metric = bootstrapMean(skewed, { stream: openStream(foldIn(key, method)), resamples: 100_000, method });
    expect(metric.value).toBeCloseTo(mean(skewed), 12);
    expect(Math.abs(metric.interval!.low - low)).toBeLessThan(0.02);
    expect(Math.abs(metric.interval!.high - high)).toBeLessThan(0.02);
    expect(metric.interval!.method).toBe(method === 'bca' ? 'bootstrap-bca' : 'bootstrap');
  });
});

test('coverage of the mean of 25 exponentials: 800 samples of 400 resamples, fixed seed', () => {
  // True coverage by 20,000 samples in NumPy: percentile 0.908, BCa 0.915 (both fall short at n = 25, BCa by less). 4.5 standard
  // errors of 800 samples are 0.046: false-alarm rate below 1e-5.
  const covered = { percentile: 0, bca: 0 };
  for (let sample = 0; sample < 800; sample++) {
    const stream = openStream(foldIn(foldIn(key, 'coverage'), sample));
    const values = Array.from({ length: 25 }, () => -Math.log(1 - stream.uniform()));
    for (const method of ['percentile', 'bca'] as const) {
      const { interval } = bootstrapMean(values, { stream, resamples: 400, method });
      if (interval!.low <= 1 && 1 <= interval!.high) covered[method]++;
    }
  }
  expect(Math.abs(covered.percentile / 800 - 0.908)).toBeLessThan(0.046);
  expect(Math.abs(covered.bca / 800 - 0.915)).toBeLessThan(0.046);
});

test('any statistic of the observations, and the same interval for the same stream', () => {
  const median = () =>
    bootstrap(skewed.length, {
      stream: openStream(key),
      resamples: 500,
      statistic: indices =>
        quantile(
          [...indices].map(i => skewed[i]!).sort((a, b) => a - b),
          0.5,
        ),
    });
  expect(median()).toEqual(median());
  expect(median().value).toBeCloseTo(0.8, 12);
  expect(median().interval!.low).toBeGreaterThanOrEqual(0.2);
  expect(median().interval!.high).toBeLessThanOrEqual(1.95);
});

test('edges', () => {
  const stream = openStream(key);
  expect(metricSchema.parse(bootstrapMean([], { stream })).reason).toBe('there are no observations');
  expect(bootstrapMean([5], { stream })).toEqual({ value: 5, n: 1, interval: null });
  expect(bootstrapMean([5, 5, 5], { stream, method: 'bca' }).interval).toMatchObject({ low: 5, high: 5 });
  const undefinedSometimes = bootstrap(5, { stream, statistic: i => (new Set(i).size < 3 ? Number.NaN : 1) });
  expect(undefinedSometimes).toEqual({ value: 1, n: 5, interval: null });
  const infinite = bootstrap(5, { stream, statistic: () => Number.POSITIVE_INFINITY });
  expect(metricSchema.parse(infinite).reason).toBe('the statistic is not finite');
  expect(() => bootstrapMean([1, 2], { stream, resamples: 10 })).toThrow('"resamples" expected a whole number');
});
