import { type Interval, type Metric, missingMetric } from '../../ground/contracts/metric.ts';
import {
  DEFAULT_CONFIDENCE as CONFIDENCE,
  mean,
  normalQuantile,
  quantile,
  studentQuantile,
  variance,
} from '../../ground/math/index.ts';

/** Value ± z standard errors. */
export function normalInterval(value: number, standardError: number, options: { readonly method: string }): Interval {
  const reach = normalQuantile((1 + CONFIDENCE) / 2) * standardError;
  return { low: value - reach, high: value + reach, confidence: CONFIDENCE, method: options.method };
}

/** Difference of the means of two independent samples, first less second, with Welch's interval. */
export function meanDifferenceMetric(first: ArrayLike<number>, second: ArrayLike<number>): Metric {
  const n = Math.min(first.length, second.length);
  if (n < 2) return missingMetric('needs 2 items or more in both sets', n);
  const value = mean(first) - mean(second);
  const a = variance(first) / first.length;
  const b = variance(second) / second.length;
  const freedom = a + b > 0 ? (a + b) ** 2 / (a ** 2 / (first.length - 1) + b ** 2 / (second.length - 1)) : n - 1;
  const reach = studentQuantile((1 + CONFIDENCE) / 2, freedom) * Math.sqrt(a + b);
  return {
    value,
    n,
    interval: { low: value - reach, high: value + reach, confidence: CONFIDENCE, method: 'welch' },
  };
}

/**
 * Quantile with a distribution-free interval between two order statistics, from the normal approximation of the binomial number
 * of values below it.
 */
export function quantileMetric(values: ArrayLike<number>, share: number): Metric {
  const n = values.length;
  if (n === 0) return missingMetric('no items');
  const sorted = Float64Array.from(values).sort();
  const reach = normalQuantile((1 + CONFIDENCE) / 2) * Math.sqrt(n * share * (1 - share));
  const low = Math.max(0, Math.floor(n * share - reach) - 1);
  const high = Math.min(n - 1, Math.ceil(n * share + reach));
  return {
    value: quantile(sorted, share),
    n,
    interval: { low: sorted[low]!, high: sorted[high]!, confidence: CONFIDENCE, method: 'order-statistics' },
  };
}

/** Median with its distribution-free interval. */
export function medianMetric(values: ArrayLike<number>): Metric {
  return quantileMetric(values, 0.5);
}
