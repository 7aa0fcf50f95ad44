import { BiolensError } from '../../ground/errors.ts';

/** @throws BiolensError `usage` unless 0 < `value` < ∞ */
export function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new BiolensError('usage', `"${name}" expected a positive number, got ${value}`);
}

/** @throws BiolensError `usage` unless 0 < `delta` < 1 */
export function checkDelta(delta: number): void {
  if (!(delta > 0 && delta < 1))
    throw new BiolensError('usage', `"delta" expected a number between 0 and 1, got ${delta}`);
}

/** @throws BiolensError `usage` unless 0 < `rate` ≤ 1 */
export function checkRate(rate: number): void {
  if (!(rate > 0 && rate <= 1))
    throw new BiolensError('usage', `"samplingRate" expected a number above 0 and of at most 1, got ${rate}`);
}

/** @throws BiolensError `usage` unless `order` > 1 */
export function checkOrder(order: number): void {
  if (!(order > 1 && order < Number.POSITIVE_INFINITY))
    throw new BiolensError('usage', `"order" expected a number above 1, got ${order}`);
}
