import { type Interval, type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { DEFAULT_CONFIDENCE as CONFIDENCE, normalCdf, normalQuantile, quantile } from '../../../ground/math/index.ts';
import { compareDistributions } from './discrepancy.ts';

/** Shares of the classes and draws that say how sure they are. */
export interface UncertainShares {
  readonly n: number;
  readonly shares: readonly number[];
  readonly draws: readonly (readonly number[])[];
}

/**
 * Bias-corrected percentile interval (Efron, "Nonparametric Standard Errors and Confidence Intervals", 1981). Distances between
 * distributions are biased upwards by noise, and plain percentiles would carry that bias twice.
 *
 * @param draws of the number around `value`, in any order
 */
export function biasCorrectedInterval(value: number, draws: readonly number[]): Interval {
  const sorted = Float64Array.from(draws).sort();
  const below = sorted.reduce((count, draw) => count + (draw < value ? 1 : draw === value ? 0.5 : 0), 0);
  const share = Math.max(0.5, Math.min(sorted.length - 0.5, below)) / sorted.length;
  const shift = 2 * normalQuantile(share);
  const reach = normalQuantile((1 + CONFIDENCE) / 2);
  return {
    low: Math.min(value, quantile(sorted, normalCdf(shift - reach))),
    high: Math.max(value, quantile(sorted, normalCdf(shift + reach))),
    confidence: CONFIDENCE,
    method: 'bias-corrected-bootstrap',
  };
}

function totalVariation(p: readonly number[], q: readonly number[]): number {
  return compareDistributions(p, q).totalVariation;
}

/**
 * Bias amplification: the total variation of the generated shares from the target over that of the training shares. 1 says as
 * skewed as the training set, 2 twice as far from the target. It does not say in which direction: a generator that turns a
 * skew around has a ratio too.
 */
export function amplification(
  training: UncertainShares,
  generated: UncertainShares,
  target: readonly number[],
): Metric {
  const n = Math.min(training.n, generated.n);
  const base = totalVariation(training.shares, target);
  if (base === 0) return missingMetric('the training set is exactly on target: there is no skew to amplify', n);
  const value = totalVariation(generated.shares, target) / base;
  const draws = generated.draws
    .map((draw, i) => totalVariation(draw, target) / totalVariation(training.draws[i]!, target))
    .filter(Number.isFinite);
  return { value, n, interval: draws.length > 0 ? biasCorrectedInterval(value, draws) : null };
}
