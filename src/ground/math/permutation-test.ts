import { BiolensError } from '../errors.ts';
import { checkWhole } from './check.ts';
import type { RandomStream } from './random.ts';

/** Which values of a statistic speak against the null: large ones, small ones, or both. */
export type Alternative = 'greater' | 'less' | 'two-sided';

/** Relabellings where no number is asked for. */
export const DEFAULT_PERMUTATIONS = 9999;

export interface PermutationTestOptions {
  /** Group of each observation, as whole numbers. */
  readonly labels: ArrayLike<number>;
  /** Any number that the labels of the observations give; the array is reused between calls. */
  readonly statistic: (labels: Int32Array) => number;
  readonly stream: RandomStream;
  /** Random relabellings, 9,999 by default. Where there are not more different ones than that, all are counted instead. */
  readonly permutations?: number;
  /** `greater` by default. */
  readonly alternative?: Alternative;
}

export interface PermutationTest {
  readonly p: number;
  readonly observed: number;
  /** Relabellings that were looked at. */
  readonly permutations: number;
  /** All different relabellings were counted, so that p has no chance in it. */
  readonly exact: boolean;
}

/** Equal values can differ by rounding when they are summed in another order; they count as reached. */
const TIE = 1e-12;

/** p-value of a two-sided test from its one-sided ones: twice the smaller, at most 1. */
export function combineTails(atLeast: number, atMost: number, alternative: Alternative): number {
  if (alternative === 'greater') return atLeast;
  return alternative === 'less' ? atMost : Math.min(1, 2 * Math.min(atLeast, atMost));
}

/** How many different orders the labels have, or Infinity beyond `most`. */
function countArrangements(labels: Int32Array, most: number): number {
  const seen = new Map<number, number>();
  let count = 1;
  for (const [i, label] of labels.entries()) {
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    // (i + 1)! / Π times!, step by step; each partial result is a whole number.
    count = Math.round((count * (i + 1)) / times);
    if (count > most * labels.length) return Number.POSITIVE_INFINITY;
  }
  return count;
}

/** The next order of the labels in the dictionary, in place; false after the last. */
function advance(labels: Int32Array): boolean {
  let i = labels.length - 2;
  while (i >= 0 && labels[i]! >= labels[i + 1]!) i--;
  if (i < 0) return false;
  let j = labels.length - 1;
  while (labels[j]! <= labels[i]!) j--;
  swap(labels, i, j);
  for (let low = i + 1, high = labels.length - 1; low < high; low++, high--) swap(labels, low, high);
  return true;
}

function swap(labels: Int32Array, i: number, j: number): void {
  const kept = labels[i]!;
  labels[i] = labels[j]!;
  labels[j] = kept;
}

/**
 * Permutation test of "the labels are exchangeable", for any statistic: valid at every sample size, whatever the law of the
 * observations.
 *
 * With random relabellings p = (1 + #reached) / (1 + permutations), never 0 and never too small (Phipson and Smyth,
 * "Permutation P-values Should Never Be Zero", 2010); when all are counted, p is the share that reaches the observed value.
 *
 * @throws BiolensError `usage` for fewer than 1 permutation, no labels, or a statistic that is not a number
 * @example
 * const { p } = permutationTest({
 *   labels: [0, 0, 0, 1, 1, 1],
 *   statistic: labels => values.reduce((sum, value, i) => sum + (labels[i] === 1 ? value : 0), 0),
 *   stream: openStream(foldIn(key, 'means')),
 * });
 */
export function permutationTest(options: PermutationTestOptions): PermutationTest {
  const { statistic, stream, permutations = DEFAULT_PERMUTATIONS, alternative = 'greater' } = options;
  checkWhole('permutations', permutations, 1);
  if (options.labels.length === 0) throw new BiolensError('usage', '"labels" expected at least one label, got none');
  const labels = Int32Array.from(options.labels);
  const evaluate = (): number => {
    const value = statistic(labels);
    if (Number.isNaN(value)) throw new BiolensError('usage', '"statistic" expected to give a number, got NaN');
    return value;
  };
  const observed = evaluate();
  const slack = Math.abs(observed) === Number.POSITIVE_INFINITY ? 0 : TIE * Math.abs(observed);
  let atLeast = 0;
  let atMost = 0;
  const look = (): void => {
    const value = evaluate();
    if (value >= observed - slack) atLeast++;
    if (value <= observed + slack) atMost++;
  };
  const arrangements = countArrangements(labels, permutations);
  if (arrangements <= permutations) {
    labels.sort();
    do look();
    while (advance(labels));
    const p = combineTails(atLeast / arrangements, atMost / arrangements, alternative);
    return { p, observed, permutations: arrangements, exact: true };
  }
  for (let i = 0; i < permutations; i++) {
    stream.shuffle(labels);
    look();
  }
  const share = (count: number): number => (1 + count) / (1 + permutations);
  return { p: combineTails(share(atLeast), share(atMost), alternative), observed, permutations, exact: false };
}
