import { BiolensError } from '../../ground/errors.ts';
import { bernoulliExp, bernoulliExpLarge } from './bernoulli.ts';
import { type Fraction, fractionOf } from './fraction.ts';
import { RandomIntegers } from './random-integers.ts';

/** Below this the whole numbers of a draw are exact doubles, up to 2¹² deviations out. */
const SMALL_SCALE = 2 ** 40;

/** Draws whole numbers with probability in proportion to exp(−|x|/scale). */
export type IntegerSampler = () => number;

/** A draw of scale t/s by algorithm 2 of the paper, in doubles that are whole numbers; both parts are small. */
export function drawLaplace(t: number, s: number, integers: RandomIntegers): number {
  for (;;) {
    const u = integers.below(t);
    if (!bernoulliExp(u, t, integers)) continue;
    let v = 0;
    while (bernoulliExp(1, 1, integers)) v++;
    const magnitude = Math.floor((u + t * v) / s);
    const negative = integers.bit();
    // Zero would be drawn twice as often, once with each sign.
    if (negative && magnitude === 0) continue;
    return negative ? -magnitude : magnitude;
  }
}

/** {@link drawLaplace} of whole numbers of any size. */
export function drawLaplaceLarge({ numerator: t, denominator: s }: Fraction, integers: RandomIntegers): bigint {
  for (;;) {
    const u = integers.belowLarge(t);
    if (!bernoulliExpLarge(u, t, integers)) continue;
    let v = 0n;
    while (bernoulliExpLarge(1n, 1n, integers)) v++;
    const magnitude = (u + t * v) / s;
    const negative = integers.bit();
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
}

/**
 * A sampler of the discrete Laplace distribution, P(x) ∝ exp(−|x|/scale) on whole numbers: exact, from cryptographic bytes (Canonne, Kamath
 * and Steinke 2020, algorithm 2). Noise of scale Δ/ε makes a whole number of L1 sensitivity Δ ε-differentially private.
 *
 * Adversary: sees outputs, knows everything but the noise. Leaks: the time of a draw grows with its size.
 *
 * @param scale positive; its double is taken as the exact rational number that it is
 * @throws BiolensError `usage` unless 0 < scale ≤ 2⁴⁰
 */
export function openDiscreteLaplace(scale: number, integers: RandomIntegers = new RandomIntegers()): IntegerSampler {
  if (!(scale > 0 && scale <= SMALL_SCALE))
    throw new BiolensError('usage', `"scale" expected a number above 0 and of at most 2^40, got ${scale}`);
  const fraction = fractionOf(scale);
  if (fraction.numerator > SMALL_SCALE) return () => Number(drawLaplaceLarge(fraction, integers));
  const t = Number(fraction.numerator);
  const s = Number(fraction.denominator);
  return () => drawLaplace(t, s, integers);
}
