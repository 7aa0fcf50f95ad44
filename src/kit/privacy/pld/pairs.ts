import { fastErfc } from '../../../ground/math/index.ts';
import type { SampledGaussian } from '../rdp/gaussian.ts';
import type { LossPair } from './losses.ts';

/** P(Z > x) for a standard normal Z. */
const above = (x: number): number => fastErfc(x / Math.SQRT2) / 2;

/** P(a < Z < b), each tail from its own side, so that small ones keep their digits. */
function normalBetween(a: number, b: number): number {
  if (a >= b) return 0;
  return Math.max(0, a > 0 ? above(a) - above(b) : above(-b) - above(-a));
}

/** How many deviations out a normal variable is with probability `tail`, at least. */
function deviationsOut(tail: number): number {
  // P(Z > z) ≤ e^(−z²/2)/2.
  return Math.sqrt(Math.max(1, -2 * Math.log(2 * tail)));
}

/**
 * The losses of a Poisson-sampled Gaussian mechanism when a member is taken away (`remove`: P is the mixture (1−q)N(0,z²) + qN(1,z²), Q is
 * N(0,z²)) or added (`add`: the two exchanged): the worst pair of that mechanism (Zhu, Dong and Wang, "Optimal Accounting of Differential
 * Privacy via Characteristic Function", AISTATS 2022, theorem 11).
 */
export function gaussianPair(
  { noiseMultiplier: z, samplingRate: q }: SampledGaussian,
  direction: 'add' | 'remove',
): LossPair {
  const lossAt = (x: number): number => {
    const exponent = (2 * x - 1) / (2 * z * z);
    if (q === 1) return exponent;
    // ln(1 − q + q·e^exponent), from the side that keeps its digits.
    return exponent < 1 ? Math.log1p(q * Math.expm1(exponent)) : exponent + Math.log(q + (1 - q) * Math.exp(-exponent));
  };
  /** The point at which the loss of `remove` is `loss`. */
  const pointOf = (loss: number): number => {
    if (q === 1) return z * z * loss + 0.5;
    if (loss > 30) return z * z * (loss + Math.log1p(-(1 - q) * Math.exp(-loss)) - Math.log(q)) + 0.5;
    const ratio = Math.expm1(loss) / q;
    return ratio <= -1 ? Number.NEGATIVE_INFINITY : z * z * Math.log1p(ratio) + 0.5;
  };
  const probabilities = (a: number, b: number) => {
    const plain = normalBetween(a / z, b / z);
    const shifted = normalBetween((a - 1) / z, (b - 1) / z);
    return { plain, mixed: (1 - q) * plain + q * shifted };
  };
  if (direction === 'remove')
    return {
      range: tail => {
        const out = z * deviationsOut(tail);
        return { low: lossAt(-out), high: lossAt(1 + out) };
      },
      between: (low, high) => {
        const { plain, mixed } = probabilities(pointOf(low), pointOf(high));
        return { p: mixed, q: plain };
      },
    };
  return {
    range: tail => {
      const out = z * deviationsOut(tail);
      return { low: -lossAt(out), high: -lossAt(-out) };
    },
    between: (low, high) => {
      const { plain, mixed } = probabilities(pointOf(-high), pointOf(-low));
      return { p: plain, q: mixed };
    },
  };
}

/** The losses ±ε of randomised response, the worst pair of any mechanism that is ε-differentially private (Kairouz, Oh and Viswanath 2015). */
export function purePair(epsilon: number): LossPair {
  const likely = 1 / (1 + Math.exp(-epsilon));
  const unlikely = Math.exp(-epsilon) / (1 + Math.exp(-epsilon));
  return {
    range: () => ({ low: -epsilon, high: epsilon }),
    between: (low, high) => {
      const [up, down] = [low < epsilon && epsilon <= high, low < -epsilon && -epsilon <= high];
      return { p: (up ? likely : 0) + (down ? unlikely : 0), q: (up ? unlikely : 0) + (down ? likely : 0) };
    },
  };
}
