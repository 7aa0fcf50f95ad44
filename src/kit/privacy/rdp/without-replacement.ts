import { checkOrder, checkPositive, checkRate } from '../check.ts';
import { logAdd, logBinomials } from '../log-sums.ts';
import { gaussianRdp, type SampledGaussian } from './gaussian.ts';

/** Above this order the terms by divergences of the likelihood ratio are left out: the plain ones bound them. */
const HIGHEST_EXACT = 256;

/** ln E|P/Q − 1|^ℓ under Q = N(0, z²), P = N(1, z²), ℓ even: a positive, analytic integrand, so that the trapezoid rule is exact to rounding. */
function logCentralMoment(l: number, z: number): number {
  const points = 16 * Math.ceil((l / z + 24) / 2) + 1;
  const [from, to] = [-12 * z, l + 12 * z];
  const width = (to - from) / points;
  let sum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i <= points; i++) {
    const x = from + i * width;
    const ratio = Math.abs(Math.expm1((2 * x - 1) / (2 * z * z)));
    if (ratio > 0) sum = logAdd(sum, l * Math.log(ratio) - (x * x) / (2 * z * z));
  }
  return sum + Math.log(width / (z * Math.sqrt(2 * Math.PI)));
}

/** Moments are asked for again at every order: those of the last noise are kept. */
let kept: { readonly z: number; readonly moments: Map<number, number> } = { z: 0, moments: new Map() };

function centralMoment(l: number, z: number): number {
  if (kept.z !== z) kept = { z, moments: new Map() };
  let value = kept.moments.get(l);
  if (value === undefined) {
    value = logCentralMoment(l, z);
    kept.moments.set(l, value);
  }
  return value;
}

/** ln of the moment bound of a whole order: (α − 1) times the divergence. */
function logBound(order: number, { noiseMultiplier: z, samplingRate: q }: SampledGaussian): number {
  if (order === 1) return 0;
  const binomials = logBinomials(order);
  const cumulant = (l: number): number => (l * (l - 1)) / (2 * z * z);
  const second = 1 / (z * z);
  let sum = 0;
  for (let l = 2; l <= order; l++) {
    let factor = Math.LN2 + cumulant(l);
    if (l === 2) factor = Math.min(factor, Math.log(4 * Math.expm1(second)));
    else if (order <= HIGHEST_EXACT) {
      const even = centralMoment(2 * Math.floor(l / 2), z) + centralMoment(2 * Math.ceil(l / 2), z);
      factor = Math.min(factor, Math.log(4) + even / 2);
    }
    sum = logAdd(sum, binomials[l]! + l * Math.log(q) + factor);
  }
  return sum;
}

/**
 * Rényi differential privacy of order α of a Gaussian mechanism on a uniform subset of a share q of the members, for neighbours in which one
 * member is exchanged for another: Wang, Balle and Kasiviswanathan, "Subsampled Rényi Differential Privacy and Analytical Moments
 * Accountant" (AISTATS 2019), theorem 27; orders that are not whole by the convexity of the moments (corollary 10). The sensitivity that the
 * noise is divided by is that of an exchange: twice the clipping bound.
 *
 * @throws BiolensError `usage` unless the order is above 1, the noise positive and the rate above 0 and at most 1
 */
export function withoutReplacementGaussianRdp(order: number, mechanism: SampledGaussian): number {
  checkOrder(order);
  checkPositive('noiseMultiplier', mechanism.noiseMultiplier);
  checkRate(mechanism.samplingRate);
  const unsampled = gaussianRdp(order, mechanism);
  if (mechanism.samplingRate === 1) return unsampled;
  const below = Math.floor(order);
  const part = order - below;
  const lower = logBound(below, mechanism);
  const bound = part === 0 ? lower : (1 - part) * lower + part * logBound(below + 1, mechanism);
  // Sampling never costs privacy; the bound, which is loose at high orders, may say so.
  return Math.min(unsampled, bound / (order - 1));
}
