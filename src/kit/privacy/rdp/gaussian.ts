import { logErfc } from '../../../ground/math/index.ts';
import { checkOrder, checkPositive, checkRate } from '../check.ts';
import { logAdd, logBinomials } from '../log-sums.ts';

/** A Gaussian mechanism on a sample: deviation of the noise over the sensitivity, and the share sampled. */
export interface SampledGaussian {
  /** Deviation of the noise divided by the L2 sensitivity. */
  readonly noiseMultiplier: number;
  /** Probability with which each member takes part, above 0 and at most 1. */
  readonly samplingRate: number;
}

/** Rényi differential privacy of order α of the Gaussian mechanism: α/(2z²) (Mironov, CSF 2017, corollary 3). */
export function gaussianRdp(order: number, { noiseMultiplier }: { readonly noiseMultiplier: number }): number {
  return order / (2 * noiseMultiplier * noiseMultiplier);
}

/** ln Σ_k C(α,k)(1−q)^(α−k) q^k e^((k²−k)/2z²), the moment of a whole order. */
function logMomentWhole(order: number, { noiseMultiplier: z, samplingRate: q }: SampledGaussian): number {
  const binomials = logBinomials(order);
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  let sum = Number.NEGATIVE_INFINITY;
  for (let k = 0; k <= order; k++) {
    const exponent = (k * k - k) / (2 * z * z);
    sum = logAdd(sum, binomials[k]! + k * logQ + (order - k) * logRest + exponent);
  }
  return sum;
}

const MOST_TERMS = 1000;

/**
 * The moment of an order that is not whole: the integral is split where the sample's part of the mixture overtakes the rest, and each half is
 * a binomial series (Mironov, Talwar and Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism", 2019, section 3.3). Beyond
 * the order its terms alternate and fall. They are summed without their signs, as Google's dp-accounting does: so the sum bounds the moment
 * wherever it is cut off, no order has to be left out, and no digits are lost to a difference. Next to order 1 that is loose; so is, elsewhere,
 * the chord between the neighbouring whole orders, which bounds it too because the logarithm of the moment is convex.
 */
function logMomentFractional(order: number, { noiseMultiplier: z, samplingRate: q }: SampledGaussian): number {
  const crossing = z * z * Math.log(1 / q - 1) + 0.5;
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  const root = Math.SQRT2 * z;
  let sum = Number.NEGATIVE_INFINITY;
  let logCoefficient = 0;
  for (let k = 0; k < MOST_TERMS; k++) {
    const j = order - k;
    const below = k * logQ + j * logRest + (k * k - k) / (2 * z * z) + logErfc((k - crossing) / root);
    const above = j * logQ + k * logRest + (j * j - j) / (2 * z * z) + logErfc((crossing - j) / root);
    const term = logCoefficient + logAdd(below, above) - Math.LN2;
    sum = logAdd(sum, term);
    if (j < -1 && term < sum - 36) break;
    logCoefficient += Math.log(Math.abs(j)) - Math.log(k + 1);
  }
  return Math.min(sum, logMomentChord(order, { noiseMultiplier: z, samplingRate: q }));
}

/** Between whole orders: the chord, above the logarithm of the moment because that is convex. */
function logMomentChord(order: number, mechanism: SampledGaussian): number {
  const below = Math.floor(order);
  const part = order - below;
  const lower = below === 1 ? 0 : logMomentWhole(below, mechanism);
  return part === 0 ? lower : (1 - part) * lower + part * logMomentWhole(below + 1, mechanism);
}

/**
 * Rényi differential privacy of order α of a Gaussian mechanism whose members take part independently with probability q, for neighbours
 * that differ by one member added or removed (Mironov, Talwar and Zhang 2019): whole orders by their equation 3, others by section 3.3.
 *
 * @throws BiolensError `usage` unless the order is above 1, the noise positive and the rate above 0 and at most 1
 */
export function poissonGaussianRdp(order: number, mechanism: SampledGaussian): number {
  checkOrder(order);
  checkPositive('noiseMultiplier', mechanism.noiseMultiplier);
  checkRate(mechanism.samplingRate);
  if (mechanism.samplingRate === 1) return gaussianRdp(order, mechanism);
  const moment = Number.isInteger(order) ? logMomentWhole : logMomentFractional;
  return Math.min(gaussianRdp(order, mechanism), Math.max(0, moment(order, mechanism)) / (order - 1));
}

/**
 * Rényi differential privacy of order α of the discrete Gaussian on whole numbers, in any dimension, whose members take part independently with
 * probability q. For a whole order k the moments are those of the continuous one, exactly: the k-th one is a sum of the discrete Gaussian's
 * weights around k times a vector of whole numbers, which is the sum around 0. Turning a point around half that vector exchanges the two
 * distributions, so that theorem 5 of Mironov, Talwar and Zhang (2019) holds as well. Other orders by the chord.
 *
 * @throws BiolensError `usage` as {@link poissonGaussianRdp}
 */
export function poissonDiscreteGaussianRdp(order: number, mechanism: SampledGaussian): number {
  checkOrder(order);
  checkPositive('noiseMultiplier', mechanism.noiseMultiplier);
  checkRate(mechanism.samplingRate);
  if (mechanism.samplingRate === 1) return gaussianRdp(order, mechanism);
  return Math.min(gaussianRdp(order, mechanism), Math.max(0, logMomentChord(order, mechanism)) / (order - 1));
}
