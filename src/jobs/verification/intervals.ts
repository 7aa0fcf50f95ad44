import type { Interval, Metric } from '../../ground/contracts/metric.ts';
import { missingMetric } from '../../ground/contracts/metric.ts';
import { quantile, type RandomStream, wilson } from '../../ground/math/index.ts';
import type { Comparisons } from './comparisons.ts';
import { curveOf, type OrderedComparisons, orderComparisons, type RateCurve, weightOf } from './rate-curve.ts';

/** How intervals are called where people are resampled. */
export const OVER_PEOPLE = 'bootstrap over people';
export const CONFIDENCE = 0.95;
const MOST_RESAMPLES = 1000;
const LEAST_RESAMPLES = 200;
/** Comparisons that are looked at in all, so that a million pairs take seconds. */
const BUDGET = 4e8;
/** Share of the resamples in which a statistic may be undefined. */
const MOST_UNDEFINED = 0.05;

/** A number of a curve; NaN where it has none. */
export type CurveStatistic = (curve: RateCurve) => number;

/** Why scores have no interval. */
export const NO_PEOPLE = 'the scores do not say whom they compare';

/**
 * Statistics of comparisons with intervals that resample people, not pairs: pairs that share a person are not independent, and an interval
 * over pairs is far too narrow. Each resample takes as many people with replacement; a comparison counts as often as its people were
 * taken, and a person's copies are not compared with each other (the subsets bootstrap of Bolle, Ratha and Pankanti, CVIU 93, 2004).
 *
 * @returns a metric for each statistic: its value, `n` as given, and the 2.5 % and 97.5 % quantiles over the resamples; no interval where
 *   the people are not known or fewer than three
 * @param options.resamples by default as many as take seconds
 * @param options.ordered the same comparisons, where they have been ordered already
 */
export function measureCurve(
  comparisons: Comparisons,
  statistics: readonly { readonly of: CurveStatistic; readonly n: number; readonly reason?: string }[],
  {
    stream,
    resamples,
    ordered = orderComparisons(comparisons),
  }: {
    readonly stream: RandomStream;
    readonly resamples?: number;
    readonly ordered?: OrderedComparisons;
  },
): Metric[] {
  const curve = curveOf(ordered);
  if (curve === null) return statistics.map(() => missingMetric('mated and non-mated comparisons are needed'));
  const replicates = resample(comparisons, ordered, {
    statistics,
    stream,
    resamples: resamples ?? resamplesFor(comparisons.scores.length),
  });
  return statistics.map(({ of, n, reason }, k) => {
    const value = of(curve);
    if (!Number.isFinite(value)) return missingMetric(reason ?? 'the rate is not defined', n);
    return { value, n, interval: replicates === null ? null : intervalOf(replicates[k]!) };
  });
}

/** The percentile interval of replicates; null where too many are undefined. */
export function intervalOf(replicates: Float64Array): Interval | null {
  const known = replicates.filter(Number.isFinite).sort();
  if (known.length === 0 || known.length < (1 - MOST_UNDEFINED) * replicates.length) return null;
  const tail = (1 - CONFIDENCE) / 2;
  return { low: quantile(known, tail), high: quantile(known, 1 - tail), confidence: CONFIDENCE, method: OVER_PEOPLE };
}

/**
 * The interval of a share of observations that belong to one person each. Where it is 0 or 1, resampling gives that value alone and knows
 * nothing of what is rare; then Wilson's interval is taken, with a person as one observation.
 *
 * @param people who the observations are of
 */
export function intervalOfShare(
  replicates: Float64Array,
  { value, people }: { readonly value: number; readonly people: number },
): Interval | null {
  return value === 0 || value === 1 ? wilson(value * people, people) : intervalOf(replicates);
}

/** How often each of `people` is taken in one resample. */
export function takePeople(people: number, stream: RandomStream, into: Float64Array): Float64Array {
  into.fill(0);
  for (let i = 0; i < people; i++) into[stream.integer(people)]!++;
  return into;
}

/** Resamples that a statistic over so many observations can afford. */
export function resamplesFor(observations: number): number {
  return Math.round(Math.min(MOST_RESAMPLES, Math.max(LEAST_RESAMPLES, BUDGET / Math.max(1, observations))));
}

function resample(
  { persons, people }: Comparisons,
  ordered: OrderedComparisons,
  {
    statistics,
    stream,
    resamples,
  }: {
    readonly statistics: readonly { readonly of: CurveStatistic }[];
    readonly stream: RandomStream;
    readonly resamples: number;
  },
): Float64Array[] | null {
  if (persons === null || people < 3) return null;
  const times = new Float64Array(people);
  const replicates = statistics.map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r++) {
    takePeople(people, stream, times);
    const curve = curveOf(ordered, times);
    statistics.forEach(({ of }, k) => {
      replicates[k]![r] = curve === null ? Number.NaN : of(curve);
    });
  }
  return replicates;
}

/**
 * The share of some comparisons for which something holds, such as an error at a threshold, with an interval that resamples people.
 *
 * @param wanted the comparisons that count
 * @param reason why there is no value where none is wanted
 */
export function measureShare(
  { persons, people, scores }: Comparisons,
  {
    wanted,
    holds,
    stream,
    reason,
  }: {
    readonly wanted: (index: number) => boolean;
    readonly holds: (index: number) => boolean;
    readonly stream: RandomStream;
    readonly reason: string;
  },
): Metric {
  const kept: number[] = [];
  for (let i = 0; i < scores.length; i++) if (wanted(i)) kept.push(i);
  if (kept.length === 0) return missingMetric(reason);
  const marks = Uint8Array.from(kept, i => (holds(i) ? 1 : 0));
  const value = marks.reduce((sum, mark) => sum + mark, 0) / kept.length;
  if (persons === null || people < 3) return { value, n: kept.length, interval: null };
  const times = new Float64Array(people);
  const replicates = new Float64Array(resamplesFor(kept.length));
  for (let r = 0; r < replicates.length; r++) {
    takePeople(people, stream, times);
    let sum = 0;
    let held = 0;
    for (let k = 0; k < kept.length; k++) {
      const weight = weightOf(persons, times, kept[k]!);
      sum += weight;
      held += weight * marks[k]!;
    }
    replicates[r] = held / sum;
  }
  const own = new Set(kept.map(i => persons.reference[i]!));
  const isOfOne = kept.every(i => persons.reference[i] === persons.probe[i]);
  const interval = isOfOne ? intervalOfShare(replicates, { value, people: own.size }) : intervalOf(replicates);
  return { value, n: kept.length, interval };
}
