import { type Interval, type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import {
  DEFAULT_CONFIDENCE as CONFIDENCE,
  openStream,
  quantile,
  type RandomKey,
  solveLinear,
} from '../../../ground/math/index.ts';
import { drawShares } from '../draws.ts';

/** Probabilities that a classifier of two classes is right, by true class. */
export interface Accuracies {
  /** P(predicted 0 | true 0). */
  readonly alpha0: number;
  /** P(predicted 1 | true 1). */
  readonly alpha1: number;
}

/** Below this the classifier says next to nothing about the class, and its answers cannot be inverted. */
const MIN_INFORMEDNESS = 0.05;
const DRAWS = 2000;
const MAX_ITERATIONS = 1000;
const CONVERGED = 1e-9;
/** What a share of exactly 0 may come out below it. */
const ROUNDING = 1e-9;
const Z_95 = 1.959963984540054;

function informedness({ alpha0, alpha1 }: Accuracies): number {
  const value = alpha0 + alpha1 - 1;
  if (!(value > MIN_INFORMEDNESS))
    throw new BiolensError(
      'input',
      `the classifier is right in ${alpha0} and ${alpha1} of its two classes: no better than chance`,
    );
  return value;
}

/**
 * CLEAM: the true share of class 0 from the shares that a classifier of known accuracies reports on batches.
 *
 * Teo, Abdollahzadeh and Cheung, "On Measuring Fairness in Generative Models" (NeurIPS 2023), equations 7 and 8. The interval
 * takes the accuracies as exact and the spread of a few batches as the truth, and so covers too rarely: it is here for
 * comparison with published numbers; use {@link correctShare}.
 *
 * @param shares reported share of class 0 in each batch, 2 batches or more
 * @throws BiolensError `input` when the classifier is no better than chance
 */
export function cleam(shares: readonly number[], accuracies: Accuracies): { value: number; low: number; high: number } {
  if (shares.length < 2) throw new BiolensError('usage', `"shares" expected 2 batches or more, got ${shares.length}`);
  const slope = informedness(accuracies);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const deviation = Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
  const reach = (1.96 * deviation) / Math.sqrt(shares.length);
  const invert = (share: number): number => (share - (1 - accuracies.alpha1)) / slope;
  return { value: invert(mean), low: invert(mean - reach), high: invert(mean + reach) };
}

/** How often a classifier was right on labelled items of one true class. */
export interface ClassTrial {
  readonly correct: number;
  readonly n: number;
}

/**
 * The true share of class 0 from a classifier's answers, with an interval that also carries how well its accuracies are known.
 *
 * p = (μ̂ − (1 − α₁))/(α₀ + α₁ − 1), cut to [0, 1], with the delta-method variance
 * [μ̂(1 − μ̂)/n + p²·α₀(1 − α₀)/n₀ + (1 − p)²·α₁(1 − α₁)/n₁]/(α₀ + α₁ − 1)². The accuracies in the variance are shrunk by
 * half an observation each way, so that a classifier never seen to err on 50 items is not taken for infallible.
 *
 * @param predicted0 items classified as 0, of `n`
 * @param trials labelled items of true class 0 and of true class 1
 * @throws BiolensError `input` when the classifier is no better than chance
 */
export function correctShare(
  predicted0: number,
  n: number,
  trials: { readonly class0: ClassTrial; readonly class1: ClassTrial },
): Metric {
  if (n < 1) return missingMetric('no items');
  const { class0, class1 } = trials;
  if (class0.n < 1 || class1.n < 1) return missingMetric('no labelled items of both classes', n);
  const accuracies = { alpha0: class0.correct / class0.n, alpha1: class1.correct / class1.n };
  const slope = informedness(accuracies);
  const reported = predicted0 / n;
  const value = clampShare((reported - (1 - accuracies.alpha1)) / slope);
  const variance =
    (binomialVariance(predicted0, n) +
      value ** 2 * binomialVariance(class0.correct, class0.n) +
      (1 - value) ** 2 * binomialVariance(class1.correct, class1.n)) /
    slope ** 2;
  const reach = Z_95 * Math.sqrt(variance);
  return {
    value,
    n,
    interval: { low: clampShare(value - reach), high: clampShare(value + reach), confidence: 0.95, method: 'delta' },
  };
}

function clampShare(share: number): number {
  return Math.max(0, Math.min(1, share));
}

function binomialVariance(successes: number, n: number): number {
  const share = (successes + 0.5) / (n + 1);
  return (share * (1 - share)) / n;
}

/**
 * Most likely true shares p ≥ 0, Σp = 1, given what share of items a classifier put in each class: the solution of M p = q where
 * that lies on the simplex, and otherwise the maximum of Σ qᵢ log (M p)ᵢ over it, found by expectation-maximisation.
 *
 * @param confusion `confusion[predicted][true]`, columns sum to 1
 * @param reported `[classes]` shares as classified
 */
export function solveOnSimplex(confusion: readonly (readonly number[])[], reported: readonly number[]): number[] {
  const direct = solveLinear(confusion, reported);
  if (direct?.every(share => share >= -ROUNDING)) return toShares(direct.map(share => Math.max(0, share)));
  const classes = reported.length;
  let shares: number[] = reported.map(() => 1 / classes);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const expected = confusion.map(line => line.reduce((sum, weight, j) => sum + weight * shares[j]!, 0));
    const next = shares.map((share, j) => {
      let factor = 0;
      for (let i = 0; i < classes; i++)
        if (reported[i]! > 0) factor += (reported[i]! * confusion[i]![j]!) / expected[i]!;
      return share * factor;
    });
    const moved = next.reduce((sum, share, j) => sum + Math.abs(share - shares[j]!), 0);
    shares = next;
    if (moved < CONVERGED) break;
  }
  return toShares(shares);
}

/** Corrected shares and draws from their posterior. */
export interface CorrectedShares {
  readonly shares: readonly number[];
  /** Draws of all shares together. */
  readonly draws: readonly (readonly number[])[];
}

function toShares(counts: readonly number[]): number[] {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map(count => count / sum);
}

/**
 * The true shares of several classes from a classifier's answers and its confusion on labelled items, with draws that carry the
 * errors of both: the reported shares and every column of the confusion matrix come from their Dirichlet posteriors, and
 * each draw is solved on the simplex.
 *
 * @param counts `[classes]` items as classified, one or more in all
 * @param confusion `confusion[predicted][true]` counts of labelled items; each column needs one item or more
 * @throws BiolensError `usage` when the shapes differ, there are no items, or a true class has no labelled item
 */
export function drawCorrectedShares(
  counts: readonly number[],
  confusion: readonly (readonly number[])[],
  options: { readonly key: RandomKey; readonly draws?: number },
): CorrectedShares {
  const classes = counts.length;
  if (confusion.length !== classes || confusion.some(line => line.length !== classes))
    throw new BiolensError('usage', `"confusion" expected ${classes} × ${classes} counts`);
  if (counts.every(count => count === 0))
    throw new BiolensError('usage', '"counts" expected classified items, got none');
  const columns = counts.map((_, j) => confusion.map(line => line[j]!));
  const empty = columns.findIndex(column => column.every(count => count === 0));
  if (empty >= 0)
    throw new BiolensError('usage', `"confusion" expected labelled items of every class, got none of class ${empty}`);
  const solve = (shares: readonly number[], trueColumns: readonly (readonly number[])[]): number[] =>
    solveOnSimplex(
      counts.map((_, i) => trueColumns.map(column => column[i]!)),
      shares,
    );
  const stream = openStream(options.key);
  const one = (): number[] =>
    solve(
      drawShares(stream, counts),
      columns.map(column => drawShares(stream, column)),
    );
  return {
    shares: solve(toShares(counts), columns.map(toShares)),
    draws: Array.from({ length: options.draws ?? DRAWS }, one),
  };
}

/**
 * {@link drawCorrectedShares} as one metric a class, with percentile intervals.
 *
 * @param counts `[classes]` items as classified
 * @param confusion `confusion[predicted][true]` counts of labelled items
 */
export function correctShares(
  counts: readonly number[],
  confusion: readonly (readonly number[])[],
  options: { readonly key: RandomKey },
): Metric[] {
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0) return counts.map(() => missingMetric('no items'));
  const { shares, draws } = drawCorrectedShares(counts, confusion, options);
  return shares.map((value, j): Metric => {
    const sorted = draws.map(draw => draw[j]!).sort((a, b) => a - b);
    const tail = (1 - CONFIDENCE) / 2;
    const interval: Interval = {
      low: Math.min(value, quantile(sorted, tail)),
      high: Math.max(value, quantile(sorted, 1 - tail)),
      confidence: CONFIDENCE,
      method: 'dirichlet',
    };
    return { value, n, interval };
  });
}
