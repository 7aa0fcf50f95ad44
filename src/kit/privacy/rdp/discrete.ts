import { BiolensError } from '../../../ground/errors.ts';
import { checkPositive } from '../check.ts';

/** The sum of discrete Gaussian noise of many clients, on whole numbers. */
export interface DistributedNoise {
  /** Root of the parameter of each client's noise, in steps of the lattice; 0.5 at least, and better 2. */
  readonly noiseStdDev: number;
  /** Clients whose noise is in the sum. */
  readonly contributors: number;
  /** L2 sensitivity of the sum, in steps: a bound on the norm of one client's rounded vector. */
  readonly sensitivity: number;
  /** Coordinates. */
  readonly dimension: number;
}

/** Terms of the closeness that still count. */
const MOST_TERMS = 100_000;

/**
 * How far a sum of n discrete Gaussians is from one discrete Gaussian of n times the variance, as the largest log ratio of probabilities:
 * τ = 10·Σ_{k<n} exp(−2π²σ²·k/(k+1)) (Kairouz, Liu and Steinke 2021, theorem 1).
 */
export function sumCloseness({ noiseStdDev, contributors }: Pick<DistributedNoise, 'noiseStdDev' | 'contributors'>) {
  const exponent = -2 * Math.PI * Math.PI * noiseStdDev * noiseStdDev;
  let sum = 0;
  const exact = Math.min(contributors - 1, MOST_TERMS);
  for (let k = 1; k <= exact; k++) sum += Math.exp((exponent * k) / (k + 1));
  // The terms fall with k: each further one is at most the last.
  sum += Math.max(0, contributors - 1 - exact) * Math.exp((exponent * exact) / (exact + 1));
  return 10 * sum;
}

/**
 * Rényi differential privacy of order α of the distributed discrete Gaussian: min(αs²/2 + τd, (α/2)(s + √d·τ)²), s the sensitivity over the
 * deviation of the sum (Kairouz, Liu and Steinke, "The Distributed Discrete Gaussian Mechanism for Federated Learning with Secure
 * Aggregation", ICML 2021, theorem 1 and proposition 14). With one contributor it is the discrete Gaussian, as the continuous one.
 *
 * Adversary: sees the exact sum, and no part of it. Clients that leave take their noise with them: count those who stayed.
 *
 * @throws BiolensError `usage` for numbers that are not positive, or noise so small that the sum is no Gaussian at all
 */
export function distributedGaussianRdp(order: number, noise: DistributedNoise): number {
  checkPositive('noiseStdDev', noise.noiseStdDev);
  checkPositive('sensitivity', noise.sensitivity);
  checkPositive('contributors', noise.contributors);
  checkPositive('dimension', noise.dimension);
  if (noise.contributors > 1 && noise.noiseStdDev < 0.5)
    throw new BiolensError('usage', `"noiseStdDev" expected at least 0.5 steps a client, got ${noise.noiseStdDev}`);
  const s = noise.sensitivity / (noise.noiseStdDev * Math.sqrt(noise.contributors));
  const closeness = sumCloseness(noise);
  const apart = (order * s * s) / 2 + closeness * noise.dimension;
  const together = (order / 2) * (s + Math.sqrt(noise.dimension) * closeness) ** 2;
  return Math.min(apart, together);
}

/**
 * Rényi differential privacy of order α of any ε-differentially private mechanism: that of randomised response, the worst of them,
 * ln((sinh αε − sinh (α−1)ε)/sinh ε)/(α − 1) (Mironov 2017, proposition 5 with p = e^ε/(1 + e^ε)).
 */
export function pureRdp(order: number, { epsilon }: { readonly epsilon: number }): number {
  checkPositive('epsilon', epsilon);
  // p^α(1−p)^(1−α) + (1−p)^α p^(1−α), p the likely answer, in logarithms.
  const logLikely = -Math.log1p(Math.exp(-epsilon));
  const logUnlikely = logLikely - epsilon;
  const first = order * logLikely + (1 - order) * logUnlikely;
  const second = order * logUnlikely + (1 - order) * logLikely;
  return Math.min(epsilon, Math.max(0, first + Math.log1p(Math.exp(second - first))) / (order - 1));
}
