import { checkProbability } from './check.ts';

/**
 * q-values of Benjamini and Hochberg (JRSS B 57, 1995): calling every test with q ≤ α keeps the expected share of false
 * discoveries at or below α, for independent tests and for positively dependent ones (Benjamini and Yekutieli, Annals of
 * Statistics 29, 2001). Equal p-values get equal q-values.
 *
 * @param pValues `[m]` in any order, possibly none
 * @returns `[m]` q-values in the same order
 * @throws BiolensError `usage` for a p-value outside [0, 1] or NaN
 */
export function benjaminiHochberg(pValues: ArrayLike<number>): number[] {
  const m = pValues.length;
  for (let i = 0; i < m; i++) checkProbability(`pValues[${i}]`, pValues[i]!);
  const order = Array.from({ length: m }, (_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const qValues = new Array<number>(m);
  let least = 1;
  for (let rank = m; rank >= 1; rank--) {
    const at = order[rank - 1]!;
    least = Math.min(least, pValues[at]! * (m / rank));
    qValues[at] = least;
  }
  return qValues;
}
