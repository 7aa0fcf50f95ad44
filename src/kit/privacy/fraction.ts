import { BiolensError } from '../../ground/errors.ts';

/** A positive rational number in lowest terms. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * The exact value of a double, which is a whole number over a power of two.
 *
 * @throws BiolensError `usage` unless the value is positive and finite
 */
export function fractionOf(value: number): Fraction {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new BiolensError('usage', `expected a positive number, got ${value}`);
  let scaled = value;
  let shift = 0;
  // Doubling a double is exact, and 1,100 doublings make the smallest one whole.
  for (; !Number.isInteger(scaled); scaled *= 2) shift++;
  return { numerator: BigInt(scaled), denominator: 1n << BigInt(shift) };
}
