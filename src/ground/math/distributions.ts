import { BiolensError } from '../errors.ts';
import { betaTails, invertBeta } from './beta.ts';
import { checkPositive, checkProbability } from './check.ts';
import { inverseGammaUpper, regularisedGamma } from './gamma.ts';
import { normalUpperQuantile } from './normal-quantile.ts';

function checkNumber(name: string, value: number): void {
  if (Number.isNaN(value)) throw new BiolensError('usage', `"${name}" expected a number, got NaN`);
}

/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: number): number {
  checkNumber('x', x);
  return Math.sign(x) * regularisedGamma(0.5, x * x).lower;
}

/** The complementary error function 1 − erf(x), to full relative precision in its right tail. */
export function erfc(x: number): number {
  checkNumber('x', x);
  const tails = regularisedGamma(0.5, x * x);
  return x >= 0 ? tails.upper : 1 + tails.lower;
}

/** P(Z > x) for a standard normal Z. */
export function normalSurvival(x: number): number {
  checkNumber('x', x);
  const tails = regularisedGamma(0.5, (x * x) / 2);
  return x >= 0 ? tails.upper / 2 : 0.5 + tails.lower / 2;
}

/** P(Z ≤ x) for a standard normal Z. */
export function normalCdf(x: number): number {
  return normalSurvival(-x);
}

/**
 * The x with P(Z ≤ x) = `p` for a standard normal Z; −∞ at 0 and ∞ at 1.
 *
 * @throws BiolensError `usage` unless 0 ≤ p ≤ 1
 */
export function normalQuantile(p: number): number {
  checkProbability('p', p);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  return p <= 0.5 ? -normalUpperQuantile(p) : normalUpperQuantile(1 - p);
}

/**
 * P(X > x) for χ² with `degrees` degrees of freedom.
 *
 * @throws BiolensError `usage` unless degrees > 0
 */
export function chiSquareSurvival(x: number, degrees: number): number {
  checkPositive('degrees', degrees);
  return x <= 0 ? 1 : regularisedGamma(degrees / 2, x / 2).upper;
}

/** The x with P(X > x) = `q` for χ². @throws BiolensError `usage` unless degrees > 0 and 0 ≤ q ≤ 1 */
export function chiSquareUpperQuantile(q: number, degrees: number): number {
  checkPositive('degrees', degrees);
  return 2 * inverseGammaUpper(degrees / 2, q);
}

/**
 * P(T > t) for Student's t.
 *
 * @param degrees degrees of freedom, above 0, whole or not
 * @throws BiolensError `usage` unless degrees > 0
 */
export function studentSurvival(t: number, degrees: number): number {
  checkPositive('degrees', degrees);
  checkNumber('t', t);
  if (!Number.isFinite(t)) return t > 0 ? 0 : 1;
  // x = ν/(ν + t²) and its complement through the ratio t²/ν, so that neither is a difference.
  const ratio = (t / degrees) * t;
  const tails = betaTails(
    1 / (1 + ratio),
    ratio === Number.POSITIVE_INFINITY ? 1 : ratio / (1 + ratio),
    degrees / 2,
    0.5,
  );
  return t >= 0 ? tails.lower / 2 : 0.5 + tails.upper / 2;
}

/**
 * The t with P(T ≤ t) = `p` for Student's t; −∞ at 0 and ∞ at 1.
 *
 * @throws BiolensError `usage` unless degrees > 0 and 0 ≤ p ≤ 1
 */
export function studentQuantile(p: number, degrees: number): number {
  checkPositive('degrees', degrees);
  checkProbability('p', p);
  const tail = Math.min(p, 1 - p);
  // 1 − 2·tail, exact near the centre.
  const centre = Math.abs(2 * (p - 0.5));
  const { x, y } = invertBeta(2 * tail, centre, degrees / 2, 0.5);
  const t = Math.sqrt(degrees) * Math.sqrt(y / x);
  return p < 0.5 ? -t : t;
}

/**
 * P(F > f) for Fisher's F with `degrees1` over `degrees2` degrees of freedom.
 *
 * @throws BiolensError `usage` unless both are above 0
 */
export function fSurvival(f: number, degrees1: number, degrees2: number): number {
  checkPositive('degrees1', degrees1);
  checkPositive('degrees2', degrees2);
  checkNumber('f', f);
  if (f <= 0) return 1;
  if (f === Number.POSITIVE_INFINITY) return 0;
  const ratio = (degrees1 / degrees2) * f;
  return betaTails(1 / (1 + ratio), ratio / (1 + ratio), degrees2 / 2, degrees1 / 2).lower;
}
