import { type Interval, type Metric, missingMetric } from '../contracts/metric.ts';
import { BiolensError } from '../errors.ts';
import { inverseBetaLower, inverseBetaUpper } from './beta.ts';
import { checkFinite, checkWhole } from './check.ts';
import { normalQuantile, studentQuantile } from './distributions.ts';
import { mean, variance } from './summaries.ts';

/** Nominal coverage where none is asked for. */
export const DEFAULT_CONFIDENCE = 0.95;

export interface ConfidenceOptions {
  /** Nominal coverage, between 0 and 1; 0.95 by default. */
  readonly confidence?: number;
}

/** Successes among n trials. */
export interface Count {
  readonly successes: number;
  readonly n: number;
}

/** The nominal coverage asked for. @throws BiolensError `usage` unless it is between 0 and 1 */
export function confidenceOf(options: ConfidenceOptions): number {
  const confidence = options.confidence ?? DEFAULT_CONFIDENCE;
  if (!(confidence > 0 && confidence < 1))
    throw new BiolensError('usage', `"confidence" expected a number between 0 and 1, got ${confidence}`);
  return confidence;
}

function checkCount(successes: number, n: number): void {
  checkWhole('n', n, 1);
  checkWhole('successes', successes, 0);
  if (successes > n) throw new BiolensError('usage', `"successes" expected at most n = ${n}, got ${successes}`);
}

/**
 * Wilson's score interval of a proportion: coverage near nominal on average at every n, and never beyond 0 or 1.
 * Wilson, JASA 22 (1927); recommended by Brown, Cai and DasGupta, Statistical Science 16(2), 2001.
 *
 * @param successes 0 … n
 * @param n 1 or more
 * @throws BiolensError `usage` outside of these ranges
 */
export function wilson(successes: number, n: number, options: ConfidenceOptions = {}): Interval {
  checkCount(successes, n);
  const confidence = confidenceOf(options);
  const z = -normalQuantile((1 - confidence) / 2);
  const failures = n - successes;
  const half = z * Math.sqrt((successes * failures) / n + (z * z) / 4);
  return {
    // At the ends the bound is exact; the formula would leave a rounding error.
    low: successes === 0 ? 0 : Math.max(0, (successes + (z * z) / 2 - half) / (n + z * z)),
    high: failures === 0 ? 1 : Math.min(1, (successes + (z * z) / 2 + half) / (n + z * z)),
    confidence,
    method: 'wilson',
  };
}

/**
 * The exact interval of a proportion of Clopper and Pearson (Biometrika 26, 1934): coverage is never below nominal.
 *
 * @param successes 0 … n
 * @param n 1 or more
 * @throws BiolensError `usage` outside of these ranges
 */
export function clopperPearson(successes: number, n: number, options: ConfidenceOptions = {}): Interval {
  checkCount(successes, n);
  const confidence = confidenceOf(options);
  const tail = (1 - confidence) / 2;
  return {
    low: successes === 0 ? 0 : inverseBetaLower(tail, successes, n - successes + 1),
    high: successes === n ? 1 : inverseBetaUpper(tail, successes + 1, n - successes),
    confidence,
    method: 'clopper-pearson',
  };
}

export interface ProportionOptions extends ConfidenceOptions {
  /** `wilson` by default; `clopper-pearson` where coverage must hold at every true share. */
  readonly method?: 'wilson' | 'clopper-pearson';
  /** Why there is no value when n = 0. */
  readonly reason?: string;
}

/**
 * A share with its interval; with n = 0 a metric that says why it has no value.
 *
 * @param successes 0 … n
 * @param n 0 or more
 * @throws BiolensError `usage` outside of these ranges
 */
export function proportionMetric(successes: number, n: number, options: ProportionOptions = {}): Metric {
  if (n === 0 && successes === 0) return missingMetric(options.reason ?? 'there is nothing to count');
  const interval = (options.method === 'clopper-pearson' ? clopperPearson : wilson)(successes, n, options);
  return { value: successes / n, n, interval };
}

/**
 * Student's interval of a mean, exact for normal values.
 *
 * @param values two or more finite numbers
 * @throws BiolensError `usage` for fewer, or for one that is not finite
 */
export function meanInterval(values: ArrayLike<number>, options: ConfidenceOptions = {}): Interval {
  checkFinite('values', values);
  const confidence = confidenceOf(options);
  const error = Math.sqrt(variance(values) / values.length);
  const half = -studentQuantile((1 - confidence) / 2, values.length - 1) * error;
  const centre = mean(values);
  return { low: centre - half, high: centre + half, confidence, method: 'student' };
}

/**
 * A mean with Student's interval: no interval for one value, and no value for none.
 *
 * @throws BiolensError `usage` for a value that is not finite
 */
export function meanMetric(
  values: ArrayLike<number>,
  options: ConfidenceOptions & { readonly reason?: string } = {},
): Metric {
  if (values.length === 0) return missingMetric(options.reason ?? 'there is nothing to average');
  checkFinite('values', values);
  return {
    value: mean(values),
    n: values.length,
    interval: values.length > 1 ? meanInterval(values, options) : null,
  };
}

/**
 * Newcombe's interval of the difference of two independent proportions, first minus second: his method 10, built from the
 * two Wilson intervals (Statistics in Medicine 17, 1998).
 *
 * @throws BiolensError `usage` when a count is out of range
 */
export function newcombe(first: Count, second: Count, options: ConfidenceOptions = {}): Interval {
  const a = wilson(first.successes, first.n, options);
  const b = wilson(second.successes, second.n, options);
  const p1 = first.successes / first.n;
  const p2 = second.successes / second.n;
  return {
    low: p1 - p2 - Math.hypot(p1 - a.low, b.high - p2),
    high: p1 - p2 + Math.hypot(a.high - p1, p2 - b.low),
    confidence: a.confidence,
    method: 'newcombe',
  };
}
