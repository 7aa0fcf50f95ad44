import type { Metric } from '../../../ground/contracts/metric.ts';
import {
  DEFAULT_CONFIDENCE,
  foldIn,
  openStream,
  randomKey,
  studentQuantile,
  studentSurvival,
} from '../../../ground/math/index.ts';
import { type ClusterSums, designEffect, type Observation, sumClusters } from '../score/clustered-share.ts';
import { type Links, sumLinked } from '../score/linked-share.ts';

/** How two models differ on the same questions. */
export interface PairedResult {
  /** Accuracy of the first less that of the second, −1 to 1. */
  readonly difference: Metric;
  /** Two-sided. */
  readonly p: number;
  readonly test: 'mcnemar-exact' | 'sign-flip-exact' | 'sign-flip' | 'linked-t';
  /** Questions that only the first, or only the second, did better on. */
  readonly firstBetter: number;
  readonly secondBetter: number;
}

/**
 * Compares two models on the questions that both answered.
 *
 * The test turns the sign of the difference of whole clusters of questions with shared images: if the two models are alike, either
 * sign is as likely. All sign patterns are counted, exactly, which with independent questions is McNemar's exact test.
 *
 * Where few images stand in many questions, most questions hang together through others, and their signs turn as one, which tells nothing.
 * Then a t-test takes its place, whose variance allows for the dependence of those that share an image themselves.
 *
 * @param differences score of the first less that of the second by question, −1 to 1
 * @param links questions with an image in common, by their places; without them clusters alone count
 */
export function testPaired(differences: readonly Observation[], links?: Links): PairedResult {
  const better = {
    firstBetter: differences.filter(({ value }) => value > 0).length,
    secondBetter: differences.filter(({ value }) => value < 0).length,
  };
  if (links !== undefined && hangTogether(differences)) {
    const values = differences.map(({ value }) => value);
    const sums = sumLinked(values, links);
    return {
      difference: pairedDifference(values, sums),
      p: linkedTest(values, links, sums),
      test: 'linked-t',
      ...better,
    };
  }
  const sums = new Map<number, number>();
  for (const { value, cluster } of differences) sums.set(cluster, (sums.get(cluster) ?? 0) + value);
  const { p, exact } = signFlipTest([...sums.values()]);
  const single = differences.length === sums.size && differences.every(({ value }) => Number.isInteger(value));
  return {
    difference: pairedDifference(
      differences.map(({ value }) => value),
      sumClusters(differences),
    ),
    p,
    test: single ? 'mcnemar-exact' : exact ? 'sign-flip-exact' : 'sign-flip',
    ...better,
  };
}

/** Share of the questions in one cluster from which on clusters tell too little. */
const TOGETHER = 0.25;

function hangTogether(differences: readonly Observation[]): boolean {
  const sizes = new Map<number, number>();
  for (const { cluster } of differences) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  return Math.max(0, ...sizes.values()) > Math.max(8, TOGETHER * differences.length);
}

/** Two-sided p of a mean of 0, with the variance that such a mean would have. */
function linkedTest(values: readonly number[], links: Links, { n, mean, clusters }: ClusterSums): number {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  const products = links.reduce((sum, [i, j]) => sum + values[i]! * values[j]!, 0);
  // As in the interval, shared images never make the differences look less variable than independent ones.
  const variance = Math.max(squares, squares + 2 * products) / n ** 2;
  if (variance === 0 || clusters < 2) return 1;
  return Math.min(1, 2 * studentSurvival(Math.abs(mean) / Math.sqrt(variance), clusters - 1));
}

/**
 * Mean difference with the interval of Agresti and Min (Statistics in Medicine 24, 2005: half a question is added to each of the four
 * outcomes, so that there is an interval even where the models never differ), widened by the design effect of clusters.
 */
function pairedDifference(values: readonly number[], sums: ClusterSums): Metric {
  const { n, mean, clusters } = sums;
  if (clusters < 2) return { value: mean, n, interval: null };
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  const padded = (mean * n) / (n + 2);
  const variance = ((squares + 1) / (n + 2) - padded ** 2) / (n + 2);
  const half =
    studentQuantile(1 - (1 - DEFAULT_CONFIDENCE) / 2, clusters - 1) * Math.sqrt(variance * designEffect(sums));
  const interval = {
    low: Math.max(-1, padded - half),
    high: Math.min(1, padded + half),
    confidence: DEFAULT_CONFIDENCE,
    method: 'agresti-min-clustered',
  };
  return { value: mean, n, interval };
}

/** Steps of the exact count beyond which patterns are drawn instead. */
const MOST_STEPS = 3e8;
const DRAWS = 19_999;
/** Differences are whole multiples of 1 over this for up to 5 replies a question, and of 8 and 16. */
const UNITS = 240;

/** P(|Σ ±xᵢ| ≥ |Σ xᵢ|) over all signs, two-sided; exact where the values are multiples of 1/240. */
export function signFlipTest(values: readonly number[]): { readonly p: number; readonly exact: boolean } {
  const nonZero = values.filter(value => Math.abs(value) > 1e-12);
  const scaled = nonZero.map(value => Math.round(value * UNITS));
  const divisor = scaled.reduce(greatestCommonDivisor, 0) || 1;
  const units = scaled.map(value => value / divisor);
  const observed = Math.abs(units.reduce((sum, value) => sum + value, 0));
  const reach = units.reduce((sum, value) => sum + Math.abs(value), 0);
  const isExact = nonZero.every((value, i) => Math.abs(value * UNITS - scaled[i]!) < 1e-6);
  if (isExact && units.length * (2 * reach + 1) <= MOST_STEPS)
    return { p: countPatterns(units, observed, reach), exact: true };
  return { p: drawPatterns(nonZero), exact: false };
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}

/** The distribution of Σ ±xᵢ, one value after another. */
function countPatterns(units: readonly number[], observed: number, reach: number): number {
  let shares = new Float64Array(2 * reach + 1);
  shares[reach] = 1;
  let extent = 0;
  for (const unit of units) {
    const step = Math.abs(unit);
    const next = new Float64Array(2 * reach + 1);
    for (let at = reach - extent; at <= reach + extent; at++) {
      const half = shares[at]! / 2;
      if (half === 0) continue;
      next[at - step]! += half;
      next[at + step]! += half;
    }
    shares = next;
    extent += step;
  }
  let p = 0;
  for (let at = 0; at <= 2 * reach; at++) if (Math.abs(at - reach) >= observed) p += shares[at]!;
  return Math.min(1, p);
}

/** By random patterns; the observed one counts as drawn, so that p is valid (Phipson and Smyth, 2010). */
function drawPatterns(values: readonly number[]): number {
  const stream = openStream(foldIn(randomKey(0), 'sign-flip'));
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0)) - 1e-9;
  let extreme = 1;
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < values.length; i++) {
      if (i % 32 === 0) bits = stream.uint32();
      sum += bits & 1 ? values[i]! : -values[i]!;
      bits >>>= 1;
    }
    if (Math.abs(sum) >= observed) extreme++;
  }
  return extreme / (DRAWS + 1);
}
