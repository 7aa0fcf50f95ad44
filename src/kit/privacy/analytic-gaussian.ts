import { logNormalCdf } from '../../ground/math/index.ts';
import { checkDelta, checkPositive } from './check.ts';
import { logSubtract } from './log-sums.ts';

/** Deviation and sensitivity of a Gaussian mechanism, in one unit. */
export interface GaussianNoise {
  readonly noiseStdDev: number;
  /** L2 sensitivity; 1 by default. */
  readonly sensitivity?: number;
}

/** ln δ of a Gaussian mechanism with μ = sensitivity/deviation. */
function logDelta(mu: number, epsilon: number): number {
  return logSubtract(logNormalCdf(mu / 2 - epsilon / mu), epsilon + logNormalCdf(-mu / 2 - epsilon / mu));
}

/** The x between two ends at which a decreasing function falls to a value, to the last bits, from the safe side. */
function solveDecreasing(
  evaluate: (x: number) => number,
  target: number,
  { low, high }: { low: number; high: number },
) {
  let [a, b] = [low, high];
  for (let step = 0; step < 200 && b - a > 1e-15 * b; step++) {
    const middle = (a + b) / 2;
    if (evaluate(middle) > target) a = middle;
    else b = middle;
  }
  return b;
}

/**
 * The least δ at which a Gaussian mechanism is (ε, δ)-differentially private: Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ), exact (Balle and Wang,
 * "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018, theorem 8).
 *
 * @param epsilon at least 0
 * @throws BiolensError `usage` unless the deviation and the sensitivity are positive
 */
export function gaussianDelta(epsilon: number, { noiseStdDev, sensitivity = 1 }: GaussianNoise): number {
  checkPositive('noiseStdDev', noiseStdDev);
  checkPositive('sensitivity', sensitivity);
  return Math.exp(logDelta(sensitivity / noiseStdDev, epsilon));
}

/**
 * The least ε at which a Gaussian mechanism is (ε, δ)-differentially private; 0 where δ alone suffices.
 *
 * @throws BiolensError `usage` unless 0 < δ < 1 and the deviation and the sensitivity are positive
 */
export function gaussianEpsilon(delta: number, { noiseStdDev, sensitivity = 1 }: GaussianNoise): number {
  checkDelta(delta);
  checkPositive('noiseStdDev', noiseStdDev);
  checkPositive('sensitivity', sensitivity);
  const mu = sensitivity / noiseStdDev;
  const target = Math.log(delta);
  if (logDelta(mu, 0) <= target) return 0;
  // δ ≤ Φ(μ/2 − ε/μ), and Φ(−z) ≤ e^(−z²/2).
  const high = mu * (mu / 2 + Math.sqrt(-2 * target)) + 1e-12;
  return solveDecreasing(epsilon => logDelta(mu, epsilon), target, { low: 0, high });
}

/**
 * The least deviation of normal noise that makes a value (ε, δ)-differentially private: the analytic calibration of Balle and Wang. The
 * classic √(2 ln(1.25/δ))·Δ/ε holds for ε < 1 alone, and is larger.
 *
 * @param sensitivity L2 sensitivity of the value; 1 by default
 * @throws BiolensError `usage` unless ε > 0, 0 < δ < 1 and the sensitivity is positive
 */
export function calibrateGaussian(
  { epsilon, delta }: { readonly epsilon: number; readonly delta: number },
  { sensitivity = 1 }: { readonly sensitivity?: number } = {},
): number {
  checkPositive('epsilon', epsilon);
  checkDelta(delta);
  checkPositive('sensitivity', sensitivity);
  const target = Math.log(delta);
  const logDeltaOf = (deviation: number): number => logDelta(1 / deviation, epsilon);
  let high = 1;
  while (logDeltaOf(high) > target) high *= 2;
  let low = high / 2;
  while (low > 1e-12 && logDeltaOf(low) <= target) low /= 2;
  return sensitivity * solveDecreasing(logDeltaOf, target, { low, high });
}
