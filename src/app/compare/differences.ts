import { type Metric, type MetricDifference, missingMetric } from '../../ground/contracts/index.ts';
import { newcombe, normalQuantile, normalSurvival, wilson } from '../../ground/math/index.ts';

export type UntestedDifference = Omit<MetricDifference, 'q'>;

/** Relative error within which a recomputed bound is the recorded one. */
const SAME = 1e-6;

/** The count behind a share with Wilson's interval; null where the interval is of something else, such as an effective n. */
function countOf({ value, n, interval }: Metric): { readonly successes: number; readonly n: number } | null {
  if (value === null || interval?.method !== 'wilson' || n === 0) return null;
  const successes = Math.round(value * n);
  if (successes < 0 || successes > n || Math.abs(successes / n - value) > SAME) return null;
  const again = wilson(successes, n, { confidence: interval.confidence });
  return Math.abs(again.low - interval.low) < SAME && Math.abs(again.high - interval.high) < SAME
    ? { successes, n }
    : null;
}

/**
 * The difference of a metric between two runs, the later less the first, taken as independent.
 *
 * Shares with Wilson's interval get Newcombe's interval. Others get the same construction from the intervals that the two have (MOVER:
 * Zou and Donner, Statistics in Medicine 27, 2008), so that whatever made those wider, such as clusters, makes this one wider. p is read off
 * the interval (Altman and Bland, BMJ 343:d2304, 2011): it is below 1 − confidence exactly where the interval leaves out 0.
 */
export function independentDifference(first: Metric, later: Metric): UntestedDifference {
  const none = { p: null, test: 'none', paired: false };
  if (first.value === null || later.value === null)
    return { ...none, difference: missingMetric('one of the two has no value') };
  const value = later.value - first.value;
  const n = first.n + later.n;
  const [a, b] = [first.interval, later.interval];
  if (a === null || b === null || a.confidence !== b.confidence)
    return { ...none, difference: { value, n, interval: null } };
  const { confidence } = a;
  const counts = [countOf(later), countOf(first)] as const;
  const interval =
    counts[0] !== null && counts[1] !== null
      ? newcombe(counts[0], counts[1], { confidence })
      : {
          low: value - Math.hypot(later.value - b.low, a.high - first.value),
          high: value + Math.hypot(b.high - later.value, first.value - a.low),
          confidence,
          method: 'mover',
        };
  const half = value > 0 ? value - interval.low : interval.high - value;
  const z = -normalQuantile((1 - confidence) / 2);
  const p = value === 0 ? 1 : half > 0 ? Math.min(1, 2 * normalSurvival((z * Math.abs(value)) / half)) : null;
  return { difference: { value, n, interval }, p, test: interval.method, paired: false };
}
