import { fisherZ, type NullTail } from './null-tail.ts';
import { meanExcess, type PairHistogram, upperQuantile } from './pair-histogram.ts';

/** A similarity that a stated share of unrelated pairs exceeds. */
export interface Calibration {
  /** Null where there are too few pairs even for a fitted tail. */
  readonly threshold: number | null;
  readonly pairs: number;
  readonly method: 'empirical' | 'tail-fit' | 'none';
}

/** Pairs that must lie above a threshold for it to be read off. */
const MIN_EMPIRICAL = 30;
/** Fewest pairs a tail is fitted to. */
const MIN_PAIRS = 100;
/** Tails are fitted above these shares of the pairs, where at least this many pairs are that high. */
const TAIL_SHARES = [0.1, 0.01, 0.001] as const;
const MIN_EXCEEDANCES = 20;
/** Expected number of chance pairs above the duplicate threshold in the whole training set. */
const CHANCE_DUPLICATES = 0.05;
/** Near enough to 1 that nothing above it can be chance. */
const CERTAIN_DUPLICATE = 0.999;

interface PairTail {
  readonly share: number;
  readonly start: number;
  readonly scale: number;
  readonly exceedances: number;
}

/**
 * Exponential tail of pair similarities in Fisher's z, from the upper per cent (tenth, for fewer than 2,000 pairs) on. The scale
 * is the larger of those at that level and at the next, so that a tail that grows heavier outwards raises the threshold.
 */
function fitPairTail(histogram: PairHistogram): PairTail | null {
  if (histogram.pairs < MIN_PAIRS) return null;
  const levels = TAIL_SHARES.map(share => {
    const similarity = upperQuantile(histogram, share);
    return { share, start: fisherZ(similarity), ...meanExcess(histogram, similarity) };
  }).filter(({ count, mean }) => count >= MIN_EXCEEDANCES && mean > 0);
  const base = levels.find(({ share }) => share <= 0.01) ?? levels[0];
  if (base === undefined) return null;
  const beyond = levels.filter(({ share }) => share <= base.share);
  return {
    share: base.count / histogram.pairs,
    start: base.start,
    scale: Math.max(...beyond.map(({ mean }) => mean)),
    exceedances: base.count,
  };
}

/**
 * The similarity that unrelated pairs exceed at the false match rate.
 *
 * Read off where 30 pairs or more lie above it. Where the pairs are too few for the rate, their upper per cent (tenth, for
 * fewer than 2,000 pairs) is continued by an exponential in Fisher's z.
 *
 * @param histogram similarities of pairs known to be unrelated
 * @param falseMatchRate share of unrelated pairs that may exceed the threshold, 0 to 1
 */
export function calibrateThreshold(histogram: PairHistogram, falseMatchRate: number): Calibration {
  const { pairs } = histogram;
  if (pairs * falseMatchRate >= MIN_EMPIRICAL)
    return { threshold: upperQuantile(histogram, falseMatchRate), pairs, method: 'empirical' };
  const tail = fitPairTail(histogram);
  if (tail === null) return { threshold: null, pairs, method: 'none' };
  const z = tail.start + tail.scale * Math.max(0, Math.log(tail.share / falseMatchRate));
  return { threshold: Math.tanh(z), pairs, method: 'tail-fit' };
}

/**
 * The similarity above which two training items are duplicates: so high that chance would put 0.05 pairs of the whole set there.
 *
 * The pairs it is measured on hold the duplicates themselves, so nothing above a level that duplicates could fill is used:
 * with each item duplicated a few times they are some 3/n of all pairs, and the slope of the tail is taken between the shares
 * 30/n (at most a tenth) and a tenth of that.
 *
 * @param histogram similarities of pairs within the training set, duplicates included
 * @param rows training items in all
 * @returns null where there are too few pairs
 */
export function duplicateThreshold(histogram: PairHistogram, rows: number): number | null {
  if (histogram.pairs < MIN_PAIRS) return null;
  const share = Math.max(Math.min(30 / rows, 0.1), (10 * MIN_EXCEEDANCES) / histogram.pairs);
  if (share > 0.5) return null;
  const at = (tail: number) => ({ similarity: upperQuantile(histogram, tail), share: tail });
  return extendTail({ near: at(share / 10), far: at(share), rows });
}

/** A similarity and the share of pairs that reach it. */
interface TailPoint {
  readonly similarity: number;
  readonly share: number;
}

/** The similarity that 0.05 chance pairs of a whole set reach, on the exponential in Fisher's z through two points of the tail. */
export function extendTail({
  near,
  far,
  rows,
}: {
  readonly near: TailPoint;
  readonly far: TailPoint;
  readonly rows: number;
}): number {
  const start = fisherZ(far.similarity);
  const slope = (fisherZ(near.similarity) - start) / Math.log(far.share / near.share);
  const wanted = CHANCE_DUPLICATES / ((rows * (rows - 1)) / 2);
  return Math.min(CERTAIN_DUPLICATE, Math.tanh(start + slope * Math.max(0, Math.log(far.share / wanted))));
}

/**
 * P-values of top-1 similarities from the tail of pair similarities, for sets too small to have a null of top-1 similarities:
 * 1 − (1 − P(pair ≥ s))ⁿ, which independence between the n pairs of one item makes, and any other dependence between similar
 * items only makes too large.
 *
 * @param histogram similarities of unrelated pairs
 * @param rows items that a top-1 similarity is the maximum over
 * @returns null where there are too few pairs
 */
export function pairNullTail(histogram: PairHistogram, rows: number): NullTail | null {
  const tail = fitPairTail(histogram);
  if (tail === null) return null;
  const { share, start, scale, exceedances } = tail;
  return {
    n: histogram.pairs,
    method: 'exponential',
    start: Math.tanh(start),
    shape: 0,
    pValue: similarity => {
      const excess = fisherZ(similarity) - start;
      if (excess <= 0) return 1;
      const pair = share * (1 + excess / (exceedances * scale)) ** -exceedances;
      return -Math.expm1(rows * Math.log1p(-pair));
    },
  };
}
