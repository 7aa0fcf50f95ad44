import { BiolensError } from '../errors.ts';

/** @throws BiolensError `usage` unless `value` is a whole number of at least `least` */
export function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new BiolensError('usage', `"${name}" expected a whole number of at least ${least}, got ${value}`);
}

/** @throws BiolensError `usage` unless 0 < `value` < ∞ */
export function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new BiolensError('usage', `"${name}" expected a positive number, got ${value}`);
}

/** @throws BiolensError `usage` unless 0 ≤ `value` ≤ 1 */
export function checkProbability(name: string, value: number): void {
  if (!(value >= 0 && value <= 1))
    throw new BiolensError('usage', `"${name}" expected a probability between 0 and 1, got ${value}`);
}

/** @throws BiolensError `usage` when an entry is not a finite number */
export function checkFinite(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw new BiolensError('usage', `"${name}" expected finite numbers, got ${values[i]} at index ${i}`);
  }
}
