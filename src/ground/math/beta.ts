import { checkPositive, checkProbability } from './check.ts';
import { deviance, stirlingError, type Tails } from './gamma.ts';
import { normalUpperQuantile } from './normal-quantile.ts';
import { solveInLog } from './solve-in-log.ts';

const HALF_LOG_TWO_PI = 0.9189385332046728;

/** xᵃ yᵇ / B(a, b) with y = 1 − x, in Loader's form (see `deviance`). */
function betaFactor(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  // (a + b)x − a = b − (a + b)y: the smaller of x and y carries more digits.
  const excess = x <= y ? n * x - a : b - n * y;
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x, excess) - deviance(b, n * y, -excess);
  return Math.exp(exponent) * Math.sqrt((a * b) / (2 * Math.PI * n));
}

/**
 * xᵃ yᵇ / (B(a, b) Iₓ(a, b)) by the continued fraction of Didonato and Morris, "Algorithm 708" (ACM TOMS 18, 1992,
 * equation 9), with the modified Lentz method. It takes x and y apart, so that x next to 1 loses nothing.
 */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const tiny = 1e-300;
  const partial = (m: number): number =>
    m + (m * (b - m) * x) / (a + 2 * m - 1) + ((a + m) * (a * y - b * x + 1 + m * (1 + y))) / (a + 2 * m + 1);
  let h = (a * (a * y - b * x + 1)) / (a + 1);
  if (h === 0) h = tiny;
  let c = h;
  let d = 0;
  for (let m = 1; ; m++) {
    const step = a + 2 * m - 1;
    const numerator = (((a + m - 1) * (a + b + m - 1)) / step) * ((m * (b - m)) / step) * x * x;
    const denominator = partial(m);
    d = denominator + numerator * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = denominator + numerator / c;
    if (Math.abs(c) < tiny) c = tiny;
    h *= c * d;
    if (!(Math.abs(c * d - 1) >= 3e-16)) return h;
  }
}

/** Both tails where x and y = 1 − x are each known to full relative precision. */
export function betaTails(x: number, y: number, a: number, b: number): Tails {
  if (x === 0) return { lower: 0, upper: 1 };
  if (y === 0) return { lower: 1, upper: 0 };
  if (x > (a + 1) / (a + b + 2)) {
    const { lower, upper } = betaTails(y, x, b, a);
    return { lower: upper, upper: lower };
  }
  const factor = betaFactor(x, y, a, b);
  const lower = factor === 0 ? 0 : Math.min(1, factor / betaFraction(x, y, a, b));
  // A small upper tail is computed for itself: its fraction converges slowly here, but 1 − lower has lost its digits.
  const upper = lower > 0.9 && x > 1e-7 ? Math.min(1, factor / betaFraction(y, x, b, a)) : 1 - lower;
  return { lower, upper };
}

/**
 * The regularised incomplete beta function Iₓ(a, b) = `lower` and 1 − Iₓ(a, b) = `upper`, relative error about 1e-13 in
 * both.
 *
 * @param x 0 to 1
 * @param a first shape, above 0
 * @param b second shape, above 0
 * @throws BiolensError `usage` outside of these ranges
 */
export function regularisedBeta(x: number, a: number, b: number): Tails {
  checkPositive('a', a);
  checkPositive('b', b);
  checkProbability('x', x);
  return betaTails(x, 1 - x, a, b);
}

/** A number of [0, 1] with its complement, each to full relative precision. */
interface Share {
  readonly x: number;
  readonly y: number;
}

/** The x with Iₓ(a, b) = `lower` and 1 − Iₓ(a, b) = `upper`; the smaller of the two decides. */
export function invertBeta(lower: number, upper: number, a: number, b: number): Share {
  if (lower === 0) return { x: 0, y: 1 };
  if (upper === 0) return { x: 1, y: 0 };
  if (lower > upper) {
    const { x, y } = invertBeta(upper, lower, b, a);
    return { x: y, y: x };
  }
  // Solved for the odds x / y: both shares keep their digits, and the scale has no ends.
  const n = a + b;
  const logBeta =
    HALF_LOG_TWO_PI +
    (a - 0.5) * Math.log(a / n) +
    (b - 0.5) * Math.log(b / n) -
    0.5 * Math.log(n) +
    stirlingError(a) +
    stirlingError(b) -
    stirlingError(n);
  const normal = (a / b) * Math.exp(-normalUpperQuantile(lower) * Math.sqrt(1 / a + 1 / b));
  const leading = Math.exp((Math.log(lower) + Math.log(a) + logBeta) / a);
  if (leading < 1e-300) return { x: leading, y: 1 };
  const start = a > 1 && b > 1 ? normal : leading;
  const odds = solveInLog(start, true, value => {
    const x = value / (1 + value);
    const y = 1 / (1 + value);
    const reached = betaTails(x, y, a, b).lower;
    return { value: Math.log(reached / lower), slope: betaFactor(x, y, a, b) / reached };
  });
  return { x: odds / (1 + odds), y: 1 / (1 + odds) };
}

/** The x with Iₓ(a, b) = `p`. @throws BiolensError `usage` unless a, b > 0 and 0 ≤ p ≤ 1 */
export function inverseBetaLower(p: number, a: number, b: number): number {
  checkPositive('a', a);
  checkPositive('b', b);
  checkProbability('p', p);
  return invertBeta(p, 1 - p, a, b).x;
}

/** The x with 1 − Iₓ(a, b) = `q`. @throws BiolensError `usage` unless a, b > 0 and 0 ≤ q ≤ 1 */
export function inverseBetaUpper(q: number, a: number, b: number): number {
  checkPositive('a', a);
  checkPositive('b', b);
  checkProbability('q', q);
  return invertBeta(1 - q, q, a, b).x;
}
