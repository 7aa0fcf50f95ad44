import { BiolensError } from '../errors.ts';
import { checkPositive, checkProbability } from './check.ts';
import { normalUpperQuantile } from './normal-quantile.ts';
import { solveInLog } from './solve-in-log.ts';

/** The probabilities below and above a point; each is computed for itself, so that the small one keeps its digits. */
export interface Tails {
  readonly lower: number;
  readonly upper: number;
}

const EULER_GAMMA = 0.5772156649015329;
const HALF_LOG_TWO_PI = 0.9189385332046728;
/** ζ(k) − 1 for k = 2, 3, …, 28. */
const ZETA_MINUS_ONE = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
  0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
  0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-5, 3.058823630702049e-5, 1.528225940865187e-5,
  7.637197637899763e-6, 3.81729326499984e-6, 1.908212716553939e-6, 9.539620338727962e-7, 4.769329867878064e-7,
  2.38450502727733e-7, 1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365043e-8,
  7.45071178983543e-9, 3.725334024788457e-9,
];
/** B₂ₖ / (2k(2k − 1)) for k = 1, 2, …, 8: Stirling's series, NIST DLMF 5.11.1. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

/** ln Γ(1 + z) + ln(1 + z) for |z| ≤ 1/2 (NIST DLMF 5.7.3): relative precision holds next to the zeros of ln Γ at 1 and 2. */
function logGammaNearTwo(z: number): number {
  let sum = 0;
  for (let k = ZETA_MINUS_ONE.length - 1; k >= 0; k--) {
    sum = -z * sum + ZETA_MINUS_ONE[k]! / (k + 2);
  }
  return z * (1 - EULER_GAMMA + z * sum);
}

/** ln Γ(1 + z) for −1/2 ≤ z, without the loss that adding 1 to a small z would bring. */
export function logGamma1p(z: number): number {
  return Math.abs(z) <= 0.5 ? logGammaNearTwo(z) - Math.log1p(z) : logGamma(1 + z);
}

/**
 * ln Γ(x).
 *
 * @throws BiolensError `usage` unless x is positive
 */
export function logGamma(x: number): number {
  checkPositive('x', x);
  if (x < 0.5) return logGamma1p(x) - Math.log(x);
  if (x < 1.5) return logGammaNearTwo(x - 1) - Math.log1p(x - 1);
  if (x >= 10) return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingError(x);
  let product = 1;
  let reduced = x;
  while (reduced > 2.5) {
    reduced -= 1;
    product *= reduced;
  }
  return logGammaNearTwo(reduced - 2) + Math.log(product);
}

/** ln Γ(x) − [(x − 1/2) ln x − x + ½ ln 2π], what Stirling's formula leaves out. */
export function stirlingError(x: number): number {
  if (x < 10) return logGamma(x) - (x - 0.5) * Math.log(x) + x - HALF_LOG_TWO_PI;
  const square = x * x;
  let sum = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) sum = sum / square + STIRLING[k]!;
  return sum / x;
}

/**
 * The deviance x ln(x/m) + m − x of Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000): it takes the
 * large logarithms out of x ln m − m − ln Γ(x + 1), which would cost six digits at x = 1e5.
 *
 * @param excess m − x, for callers that know it better than the difference would
 */
export function deviance(x: number, m: number, excess = m - x): number {
  const u = excess / x;
  if (u < -0.4 || u > 0.5) return x * Math.log(x / m) + excess;
  // x(u − ln(1 + u)), with ln(1 + u) = 2 artanh r, r = u / (2 + u), and 2r − u = −ru.
  const r = u / (2 + u);
  const square = r * r;
  let sum = 0;
  for (let odd = 31; odd >= 3; odd -= 2) sum = sum * square + 1 / odd;
  return x * r * (u - 2 * square * sum);
}

/** xᵃ e⁻ˣ / Γ(a + 1). */
function gammaFactor(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
}

/** Σ xⁿ / ((a + 1) … (a + n)): NIST DLMF 8.7.1. */
function lowerSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Γ(a, x) eˣ x⁻ᵃ by its continued fraction (NIST DLMF 8.9.2, contracted) with the modified Lentz method. */
function upperFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; ; n++) {
    const numerator = n * (a - n);
    b += 2;
    d = numerator * d + b;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = b + numerator / c;
    if (Math.abs(c) < tiny) c = tiny;
    const change = c * d;
    h *= change;
    if (!(Math.abs(change - 1) >= 2.3e-16)) return h;
  }
}

/** Q(a, x) for a < 1 and small x, where 1 − P would cancel: 1 − xᵃ/Γ(1 + a) · Σ a(−x)ᵏ/(k!(a + k)), NIST DLMF 8.7.3. */
function smallUpper(a: number, x: number): number {
  let power = 1;
  let sum = 0;
  for (let k = 1; ; k++) {
    power *= -x / k;
    const term = (a * power) / (a + k);
    sum += term;
    if (Math.abs(term) <= Math.abs(sum) * 1e-17) break;
  }
  const exponent = a * Math.log(x) - logGamma1p(a);
  return -Math.expm1(exponent) - Math.exp(exponent) * sum;
}

/**
 * The regularised incomplete gamma functions P(a, x) = `lower` and Q(a, x) = `upper`, relative error about 1e-13 in both.
 *
 * Series below a + 1, continued fraction above, with Loader's form of the factor in front.
 *
 * @param a shape, above 0
 * @param x 0 to ∞
 * @throws BiolensError `usage` outside of these ranges
 */
export function regularisedGamma(a: number, x: number): Tails {
  checkPositive('a', a);
  if (!(x >= 0)) throw new BiolensError('usage', `"x" expected a number of at least 0, got ${x}`);
  if (x === 0) return { lower: 0, upper: 1 };
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  const factor = gammaFactor(a, x);
  if (x < a + 1) {
    const lower = Math.min(1, factor * lowerSeries(a, x));
    return { lower, upper: a < 1 ? Math.max(0, smallUpper(a, x)) : 1 - lower };
  }
  const upper = factor === 0 ? 0 : Math.min(1, factor * a * upperFraction(a, x));
  return { lower: 1 - upper, upper };
}

function invertGamma(a: number, lower: number, upper: number): number {
  if (lower === 0) return 0;
  if (upper === 0) return Number.POSITIVE_INFINITY;
  const useLower = lower <= upper;
  const target = useLower ? lower : upper;
  const z = normalUpperQuantile(target) * (useLower ? -1 : 1);
  // Wilson-Hilferty where it is good; else the leading term of P, which lies left of the root.
  const cube = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a));
  const leading = Math.exp((Math.log(lower) + logGamma1p(a)) / a);
  const start = a > 1 && cube > 0.1 ? a * cube ** 3 : leading;
  // The quantile of a small shape can be below the smallest double.
  if (start < 1e-307 && useLower) return start;
  return solveInLog(start, useLower, x => {
    const tails = regularisedGamma(a, x);
    const reached = useLower ? tails.lower : tails.upper;
    return { value: Math.log(reached / target), slope: (a * gammaFactor(a, x)) / reached };
  });
}

/** The x with P(a, x) = `p`. @throws BiolensError `usage` unless a > 0 and 0 ≤ p ≤ 1 */
export function inverseGammaLower(a: number, p: number): number {
  checkPositive('a', a);
  checkProbability('p', p);
  return invertGamma(a, p, 1 - p);
}

/** The x with Q(a, x) = `q`. @throws BiolensError `usage` unless a > 0 and 0 ≤ q ≤ 1 */
export function inverseGammaUpper(a: number, q: number): number {
  checkPositive('a', a);
  checkProbability('q', q);
  return invertGamma(a, 1 - q, q);
}
