import type { Metric } from '../../ground/contracts/metric.ts';
import { foldIn, openStream, type RandomKey } from '../../ground/math/index.ts';
import type { Comparisons } from './comparisons.ts';
import { type CurveStatistic, measureCurve, measureShare } from './intervals.ts';
import { curveOf, equalErrorRate, type OperatingPoint, orderComparisons, pointAtFmr, thinCurve } from './rate-curve.ts';

/** False match rates at which the true match rate is reported. */
export const REPORTED_FMRS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;
/** Errors that have to be expected before a rate is called measured (the rule of 30: Doddington et al., Speech Communication 31, 2000). */
export const LEAST_ERRORS = 30;

const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** Whether so many non-mated comparisons can show a false match rate; otherwise why not. */
export function whyNotMeasurable(fmr: number, impostors: number): string | null {
  // A product such as 3e5 · 1e-4 may fall short of 30 by rounding.
  if (fmr * impostors >= LEAST_ERRORS * (1 - 1e-9)) return null;
  const needed = LEAST_ERRORS / fmr;
  return `not measurable with ${grouped(impostors)} non-mated pairs; ${LEAST_ERRORS} false matches take ${grouped(needed)}`;
}

/** Counts of comparisons by kind. */
export function countPairs({ mated }: Pick<Comparisons, 'mated'>): { genuine: number; impostor: number } {
  const genuine = mated.reduce((sum, mark) => sum + mark, 0);
  return { genuine, impostor: mated.length - genuine };
}

/** A threshold at which a false match rate is kept, and what else holds there. */
export interface MeasuredPoint {
  /** The false match rate that the threshold was chosen for. */
  readonly target: number;
  /** Null where the rate is not measurable. */
  readonly threshold: number | null;
  readonly fmr: Metric;
  readonly fnmr: Metric;
}

/** What verification scores say, with intervals over people. */
export interface VerificationRates {
  readonly pairs: { readonly genuine: number; readonly impostor: number };
  readonly eer: Metric;
  /** Threshold of the equal error rate; null where there is none. */
  readonly eerThreshold: number | null;
  /** True match rate by false match rate. */
  readonly tmr: Readonly<Record<string, Metric>>;
  readonly points: readonly MeasuredPoint[];
  /** For a DET or ROC curve, by ascending threshold. */
  readonly curve: readonly OperatingPoint[];
}

/**
 * Measures verification: equal error rate and true match rates at false match rates of 10⁻¹ to 10⁻⁶, each only where 30 false matches can
 * be expected.
 *
 * @param options.key start of the resampling
 * @param options.more further false match rates
 */
export function measureRates(
  comparisons: Comparisons,
  { key, more = [] }: { readonly key: RandomKey; readonly more?: readonly number[] },
): VerificationRates {
  const pairs = countPairs(comparisons);
  const n = pairs.genuine + pairs.impostor;
  const fmrs = [...new Set([...REPORTED_FMRS, ...more])].sort((a, b) => b - a);
  const targets = fmrs.map(fmr => ({ fmr, reason: whyNotMeasurable(fmr, pairs.impostor) }));
  const statistics: { of: CurveStatistic; n: number; reason?: string }[] = [
    { of: curve => equalErrorRate(curve).value, n },
  ];
  for (const { fmr, reason } of targets) {
    const known = (of: CurveStatistic): CurveStatistic => (reason === null ? of : () => Number.NaN);
    const why = reason === null ? {} : { reason };
    statistics.push(
      { of: known(curve => 1 - pointAtFmr(curve, fmr).fnmr), n: pairs.genuine, ...why },
      { of: known(curve => pointAtFmr(curve, fmr).fmr), n: pairs.impostor, ...why },
      { of: known(curve => pointAtFmr(curve, fmr).fnmr), n: pairs.genuine, ...why },
    );
  }
  const ordered = orderComparisons(comparisons);
  const [eer, ...rest] = measureCurve(comparisons, statistics, { stream: openStream(foldIn(key, 'rates')), ordered });
  const curve = curveOf(ordered);
  const metric = (i: number, k: number): Metric => rest[3 * i + k]!;
  return {
    pairs,
    eer: eer!,
    eerThreshold: curve && finite(equalErrorRate(curve).threshold),
    tmr: Object.fromEntries(targets.map(({ fmr }, i) => [String(fmr), metric(i, 0)])),
    points: targets.map(({ fmr, reason }, i) => ({
      target: fmr,
      threshold: curve === null || reason !== null ? null : finite(pointAtFmr(curve, fmr).threshold),
      fmr: metric(i, 1),
      fnmr: metric(i, 2),
    })),
    curve: curve === null ? [] : thinCurve(curve),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Rates of comparisons at a threshold that was chosen elsewhere, on other comparisons: nothing is fitted here. */
export function ratesAtThreshold(
  comparisons: Comparisons,
  threshold: number,
  { key }: { readonly key: RandomKey },
): { readonly threshold: number; readonly fmr: Metric; readonly fnmr: Metric } {
  const { scores, mated } = comparisons;
  const stream = openStream(foldIn(key, 'threshold'));
  return {
    threshold,
    fmr: measureShare(comparisons, {
      wanted: i => mated[i] !== 1,
      holds: i => scores[i]! >= threshold,
      stream,
      reason: 'there are no non-mated comparisons',
    }),
    fnmr: measureShare(comparisons, {
      wanted: i => mated[i] === 1,
      holds: i => scores[i]! < threshold,
      stream,
      reason: 'there are no mated comparisons',
    }),
  };
}

/** Counts of scores in bins with shared edges. */
export interface ScoreHistogram {
  /** `[bins + 1]`, ascending. */
  readonly edges: readonly number[];
  readonly genuine: readonly number[];
  readonly impostor: readonly number[];
}

/** Histograms of mated and non-mated scores over the range of both. */
export function scoreHistogram({ scores, mated }: Pick<Comparisons, 'scores' | 'mated'>, bins = 80): ScoreHistogram {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    low = Math.min(low, score);
    high = Math.max(high, score);
  }
  if (scores.length === 0) return { edges: [], genuine: [], impostor: [] };
  const width = (high - low || 1) / bins;
  const counts = [new Array<number>(bins).fill(0), new Array<number>(bins).fill(0)];
  scores.forEach((score, i) => {
    const bin = Math.min(bins - 1, Math.floor((score - low) / width));
    counts[mated[i] === 1 ? 0 : 1]![bin]!++;
  });
  return {
    edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width),
    genuine: counts[0]!,
    impostor: counts[1]!,
  };
}
