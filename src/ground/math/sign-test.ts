import { regularisedBeta } from './beta.ts';
import { checkWhole } from './check.ts';
import { type Alternative, combineTails } from './permutation-test.ts';

/** P(X ≤ k) for a fair coin thrown n times. */
function fairCoinAtMost(k: number, n: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : regularisedBeta(0.5, n - k, k + 1).lower;
}

/**
 * Exact sign test of "plus and minus are as likely".
 *
 * @param positive times that the sign was plus; ties are left out by the caller
 * @param negative times that it was minus
 * @returns p-value; 1 where there is nothing to compare
 * @throws BiolensError `usage` unless both are whole numbers of at least 0
 */
export function signTest(
  positive: number,
  negative: number,
  options: { readonly alternative?: Alternative } = {},
): number {
  checkWhole('positive', positive, 0);
  checkWhole('negative', negative, 0);
  const n = positive + negative;
  // P(X ≥ k) = P(X ≤ n − k) for a fair coin.
  return combineTails(fairCoinAtMost(negative, n), fairCoinAtMost(positive, n), options.alternative ?? 'two-sided');
}

/**
 * McNemar's exact test of "both are right as often", for two answers to each of the same questions: the sign test of the
 * questions on which they differ.
 *
 * @param onlyFirst questions that only the first got right
 * @param onlySecond questions that only the second got right
 * @returns two-sided p-value
 * @throws BiolensError `usage` unless both are whole numbers of at least 0
 */
export function mcNemarExact(onlyFirst: number, onlySecond: number): number {
  return signTest(onlyFirst, onlySecond);
}
