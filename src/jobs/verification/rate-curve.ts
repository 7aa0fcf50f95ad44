import type { Comparisons } from './comparisons.ts';

/**
 * Error rates at each threshold in the words of ISO/IEC 19795-1: a comparison matches when its score is at least the threshold; FMR is the
 * share of non-mated comparisons that match, FNMR the share of mated ones that do not.
 */
export interface RateCurve {
  /** Ascending: every score there is, once, and at the end ∞, where nothing matches. */
  readonly thresholds: Float64Array;
  /** Falls from 1 or less to 0. */
  readonly fmr: Float64Array;
  /** Rises from 0 to 1. */
  readonly fnmr: Float64Array;
}

/** Comparisons in the order of their scores, so that curves of many resamples cost one pass each. */
export interface OrderedComparisons {
  /** Where each distinct score begins among the comparisons in their order. */
  readonly starts: Uint32Array;
  /** `[starts.length + 1]`: the distinct scores and ∞. */
  readonly thresholds: Float64Array;
  /** By ascending score: 1 for a mated comparison. */
  readonly mated: Uint8Array;
  /** By ascending score: the two people; null where they are not known. */
  readonly persons: Comparisons['persons'];
}

/** Orders comparisons by their score. */
export function orderComparisons({
  scores,
  mated,
  persons = null,
}: Pick<Comparisons, 'scores' | 'mated'> & Partial<Pick<Comparisons, 'persons'>>): OrderedComparisons {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  order.sort((a, b) => scores[a]! - scores[b]!);
  const starts: number[] = [];
  order.forEach((at, i) => {
    if (i === 0 || scores[at] !== scores[order[i - 1]!]) starts.push(i);
  });
  return {
    starts: Uint32Array.from(starts),
    thresholds: Float64Array.from([...starts.map(start => scores[order[start]!]!), Number.POSITIVE_INFINITY]),
    mated: Uint8Array.from(order, at => mated[at]!),
    persons: persons && {
      reference: order.map(at => persons.reference[at]!),
      probe: order.map(at => persons.probe[at]!),
    },
  };
}

/** How often a comparison counts where its people were taken so many times. */
export function weightOf(
  { reference, probe }: NonNullable<Comparisons['persons']>,
  times: Float64Array,
  at: number,
): number {
  const first = reference[at]!;
  const second = probe[at]!;
  return first === second ? times[first]! : times[first]! * times[second]!;
}

/**
 * The curve of ordered comparisons; null where there are no mated or no non-mated ones.
 *
 * @param times how often each person is taken in a resample, `[people]`: a comparison counts as often as its people were taken
 */
export function curveOf(
  { starts, thresholds, mated, persons }: OrderedComparisons,
  times: Float64Array | null = null,
): RateCurve | null {
  const fmr = new Float64Array(thresholds.length);
  const fnmr = new Float64Array(thresholds.length);
  let genuine = 0;
  let impostor = 0;
  for (let group = 0; group < starts.length; group++) {
    fmr[group] = impostor;
    fnmr[group] = genuine;
    const end = starts[group + 1] ?? mated.length;
    for (let i = starts[group]!; i < end; i++) {
      const weight = persons === null || times === null ? 1 : weightOf(persons, times, i);
      if (mated[i] === 1) genuine += weight;
      else impostor += weight;
    }
  }
  if (genuine === 0 || impostor === 0) return null;
  fmr[starts.length] = impostor;
  fnmr[starts.length] = genuine;
  for (let group = 0; group < thresholds.length; group++) {
    fmr[group] = (impostor - fmr[group]!) / impostor;
    fnmr[group] = fnmr[group]! / genuine;
  }
  return { thresholds, fmr, fnmr };
}

/** A threshold and the rates at it. */
export interface OperatingPoint {
  readonly threshold: number;
  readonly fmr: number;
  readonly fnmr: number;
}

const pointAt = ({ thresholds, fmr, fnmr }: RateCurve, at: number): OperatingPoint => ({
  threshold: thresholds[at]!,
  fmr: fmr[at]!,
  fnmr: fnmr[at]!,
});

/** The first position of a curve for which `holds` is true, which it must be from there on; the last one where it never is. */
function firstWhere({ thresholds }: RateCurve, holds: (at: number) => boolean): number {
  let low = 0;
  let high = thresholds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The lowest threshold whose FMR is no more than `target`: the most lenient one that keeps the promise. */
export function pointAtFmr(curve: RateCurve, target: number): OperatingPoint {
  return pointAt(
    curve,
    firstWhere(curve, at => curve.fmr[at]! <= target),
  );
}

/**
 * The equal error rate. Rates move in steps, so that FMR = FNMR may hold nowhere: of the two thresholds around the crossing the one with
 * the smaller sum of rates is taken, and the value is their mean (Maio et al., "FVC2000", PAMI 24(3), 2002, section 4.2).
 */
export function equalErrorRate(curve: RateCurve): OperatingPoint & { readonly value: number } {
  const { fmr, fnmr } = curve;
  const above = firstWhere(curve, at => fmr[at]! <= fnmr[at]!);
  const exact = fmr[above] === fnmr[above];
  const below = exact || above === 0 ? above : above - 1;
  const at = fmr[below]! + fnmr[below]! <= fmr[above]! + fnmr[above]! ? below : above;
  return { ...pointAt(curve, at), value: (fmr[at]! + fnmr[at]!) / 2 };
}

/** Points kept of a curve for a drawing: a step of rates that the eye tells apart on logarithmic axes. */
const MOST_POINTS = 300;

/**
 * A curve thinned for drawing: its ends, and between them points a constant way apart in the logarithms of FMR and FNMR, so that a
 * detection-error trade-off curve loses nothing that can be seen.
 */
export function thinCurve(curve: RateCurve, most = MOST_POINTS): OperatingPoint[] {
  const { thresholds, fmr, fnmr } = curve;
  const last = thresholds.length - 1;
  const floor = 1e-9;
  const place = (at: number): number => Math.log(Math.max(floor, fnmr[at]!)) - Math.log(Math.max(floor, fmr[at]!));
  const span = place(last) - place(0);
  const points: OperatingPoint[] = [];
  let next = Number.NEGATIVE_INFINITY;
  for (let at = 0; at <= last; at++) {
    // Where neither rate changes there is no new point.
    const changes = at === 0 || fmr[at] !== fmr[at - 1] || fnmr[at] !== fnmr[at - 1];
    if (!changes || (at !== last && place(at) < next)) continue;
    points.push(pointAt(curve, at));
    next = place(at) + span / most;
  }
  return points;
}
