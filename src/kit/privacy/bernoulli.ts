import { BiolensError } from '../../ground/errors.ts';
import type { RandomIntegers } from './random-integers.ts';

/** Below this both parts of a fraction, times the 64 terms that a series takes at most in practice, are exact doubles. */
const SMALL = 2 ** 46;

/**
 * Whether an event of probability exp(−numerator/denominator) happens, exactly: Canonne, Kamath and Steinke, "The Discrete Gaussian for
 * Differential Privacy" (NeurIPS 2020), algorithm 1. Whole numbers alone; nothing is rounded.
 *
 * @param numerator whole, at least 0
 * @param denominator whole, at least 1
 * @throws BiolensError `usage` outside of these ranges, or where a number is no exact whole one
 */
export function bernoulliExp(numerator: number, denominator: number, integers: RandomIntegers): boolean {
  if (!Number.isSafeInteger(numerator) || numerator < 0 || !Number.isSafeInteger(denominator) || denominator < 1)
    throw new BiolensError('usage', `expected whole numbers, got exp(-${numerator}/${denominator})`);
  if (denominator > SMALL) return bernoulliExpLarge(BigInt(numerator), BigInt(denominator), integers);
  let rest = numerator;
  for (; rest > denominator; rest -= denominator) if (!belowOne(denominator, denominator, integers)) return false;
  return belowOne(rest, denominator, integers);
}

/** An event of probability exp(−γ), 0 ≤ γ ≤ 1: the first k at which an event of probability γ/k fails is odd. */
function belowOne(numerator: number, denominator: number, integers: RandomIntegers): boolean {
  let k = 1;
  while (k < 64 && integers.below(denominator * k) < numerator) k++;
  if (k < 64) return k % 2 === 1;
  let large = 64n;
  while (integers.belowLarge(BigInt(denominator) * large) < BigInt(numerator)) large++;
  return large % 2n === 1n;
}

/** {@link bernoulliExp} of whole numbers of any size. @throws BiolensError `usage` for a negative fraction */
export function bernoulliExpLarge(numerator: bigint, denominator: bigint, integers: RandomIntegers): boolean {
  if (numerator < 0n || denominator < 1n)
    throw new BiolensError('usage', `expected a fraction of at least 0, got ${numerator}/${denominator}`);
  const unit = (part: bigint): boolean => {
    let k = 1n;
    while (integers.belowLarge(denominator * k) < part) k++;
    return k % 2n === 1n;
  };
  let rest = numerator;
  for (; rest > denominator; rest -= denominator) if (!unit(denominator)) return false;
  return unit(rest);
}
