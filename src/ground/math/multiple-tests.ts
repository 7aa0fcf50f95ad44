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
  for (let i = 0; i < m; i++)
    if (!(pValues[i]! >= 0 && pValues[i]! <= 1)) checkProbability(`pValues[${i}]`, pValues[i]!);
  const sorted = Float64Array.from(pValues).sort();
  const stepped = new Float64Array(m);
  let least = 1;
  for (let rank = m; rank >= 1; rank--) {
    least = Math.min(least, sorted[rank - 1]! * (m / rank));
    stepped[rank - 1] = least;
  }
  const qValues = new Array<number>(m);
  for (let i = 0; i < m; i++) qValues[i] = stepped[lastIndexOf(sorted, pValues[i]!)]!;
  return qValues;
}

/** Index of the last of the ascending values that is not above `value`. */
function lastIndexOf(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
