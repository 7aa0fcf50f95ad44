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

/** Bits of a fraction that are looked at before it is compared whole. */
const LEADING_BITS = 36n;
const WORD_STEPS = 16;

/**
 * {@link bernoulliExp} of whole numbers of any size: 32 bits of the uniform number and 36 of the fraction decide nearly always, and where they
 * do not, the rest of both does, so that the probability is exact all the same.
 *
 * @throws BiolensError `usage` for a negative fraction
 */
export function bernoulliExpLarge(numerator: bigint, denominator: bigint, integers: RandomIntegers): boolean {
  if (numerator < 0n || denominator < 1n)
    throw new BiolensError('usage', `expected a fraction of at least 0, got ${numerator}/${denominator}`);
  const whole = numerator / denominator;
  for (let unit = 0n; unit < whole; unit++) if (!belowOne(1, 1, integers)) return false;
  const rest = numerator - whole * denominator;
  const leading = Number((rest << LEADING_BITS) / denominator);
  let k = 1;
  while (isBelow(k)) k++;
  return k % 2 === 1;

  /** An event of probability rest/(denominator·k): a uniform number is below it. */
  function isBelow(k: number): boolean {
    const word = integers.word();
    if ((word + 1) * WORD_STEPS * k <= leading) return true;
    if (word * WORD_STEPS * k > leading) return false;
    const whole = denominator * BigInt(k);
    return integers.belowLarge(whole) < (rest << 32n) - BigInt(word) * whole;
  }
}
