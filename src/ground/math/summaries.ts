import { BiolensError } from '../errors.ts';
import { checkProbability } from './check.ts';

function checkSize(values: ArrayLike<number>, least: number): void {
  if (values.length < least)
    throw new BiolensError('usage', `"values" expected ${least} or more numbers, got ${values.length}`);
}

/** Arithmetic mean. @throws BiolensError `usage` when there is nothing to average */
export function mean(values: ArrayLike<number>): number {
  checkSize(values, 1);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const first = sum / values.length;
  // A second pass takes out the rounding of the first.
  let rest = 0;
  for (let i = 0; i < values.length; i++) rest += values[i]! - first;
  return first + rest / values.length;
}

/**
 * Variance Σ(x − x̄)² / (n − `ddof`).
 *
 * @param options.ddof 1 for the unbiased estimate (the default), 0 for the variance of the values themselves
 * @throws BiolensError `usage` when there are not more values than `ddof`
 */
export function variance(values: ArrayLike<number>, options: { readonly ddof?: 0 | 1 } = {}): number {
  const ddof = options.ddof ?? 1;
  checkSize(values, ddof + 1);
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - centre) ** 2;
  return sum / (values.length - ddof);
}

/** ln Σ eˣ without overflow; −∞ for an empty list. */
export function logSumExp(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!;
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - largest);
  return largest + Math.log(sum);
}

/**
 * The quantile of ascending values, linear between the two nearest (type 7 of Hyndman and Fan, NumPy's default).
 *
 * @param sorted values in ascending order
 * @param q 0 to 1
 * @throws BiolensError `usage` for an empty list or a q outside of its range
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) throw new BiolensError('usage', '"sorted" expected 1 or more numbers, got 0');
  checkProbability('q', q);
  const position = q * (sorted.length - 1);
  const index = Math.floor(position);
  const low = sorted[index]!;
  const fraction = position - index;
  if (fraction === 0) return low;
  const high = sorted[index + 1]!;
  return low === high ? low : low + (high - low) * fraction;
}
