import { BiolensError } from '../../ground/errors.ts';
import { bernoulliExp, bernoulliExpLarge } from './bernoulli.ts';
import { drawLaplace, type IntegerSampler } from './discrete-laplace.ts';
import { fractionOf } from './fraction.ts';
import { RandomIntegers } from './random-integers.ts';

const LARGEST_VARIANCE = 2 ** 80;

/**
 * A sampler of the discrete Gaussian distribution, P(x) ∝ exp(−x²/(2·variance)) on whole numbers: exact, from cryptographic bytes (Canonne,
 * Kamath and Steinke 2020, algorithm 3). On whole numbers of L2 sensitivity Δ it gives (Δ²/2·variance)-concentrated differential privacy,
 * as the continuous one does (their theorem 4), and nothing of a value's low bits leaks through the rounding of doubles (Mironov, CCS 2012).
 *
 * A variance that is a whole number of at most 2²², or one over a small power of two, is drawn about four times as fast as another.
 *
 * Adversary: sees outputs, knows everything but the noise. Leaks: the time of a draw depends on its value.
 *
 * @param variance positive: the square of the deviation, in steps of the lattice; its double is taken as the exact number that it is
 * @throws BiolensError `usage` unless 0 < variance ≤ 2⁸⁰
 */
export function openDiscreteGaussian(
  variance: number,
  integers: RandomIntegers = new RandomIntegers(),
): IntegerSampler {
  if (!(variance > 0 && variance <= LARGEST_VARIANCE))
    throw new BiolensError('usage', `"variance" expected a number above 0 and of at most 2^80, got ${variance}`);
  const { numerator: n, denominator: d } = fractionOf(variance);
  const scale = Math.floor(Math.sqrt(variance)) + 1;
  const t = BigInt(scale);
  // A Laplace draw y of scale t is kept with probability exp(−(|y| − σ²/t)²/2σ²) = exp(−(|y|·t·d − n)² / (2·n·d·t²)).
  const factor = t * d;
  const divisor = 2n * n * d * t * t;
  const isSmall = divisor <= 2n ** 46n;
  const [step, centre, bound] = [Number(factor), Number(n), Number(divisor)];
  const isKept = (y: number): boolean => {
    const distance = y * step - centre;
    const exponent = distance * distance;
    if (isSmall && Number.isSafeInteger(exponent)) return bernoulliExp(exponent, bound, integers);
    return bernoulliExpLarge((BigInt(y) * factor - n) ** 2n, divisor, integers);
  };
  return () => {
    for (;;) {
      const y = drawLaplace(scale, 1, integers);
      if (isKept(Math.abs(y))) return y;
    }
  };
}

/**
 * Adds discrete Gaussian noise to whole numbers, in place.
 *
 * @param values `[n]`
 * @param variance as of {@link openDiscreteGaussian}
 * @throws BiolensError `usage` for a wrong variance, or a sum that the array cannot hold
 */
export function addDiscreteGaussian(
  values: Int32Array | Float64Array,
  variance: number,
  integers: RandomIntegers = new RandomIntegers(),
): void {
  const sample = openDiscreteGaussian(variance, integers);
  for (let i = 0; i < values.length; i++) {
    const sum = values[i]! + sample();
    values[i] = sum;
    if (values[i] !== sum || !Number.isSafeInteger(sum))
      throw new BiolensError(
        'usage',
        `"values" expected whole numbers with room for the noise, got ${sum} at index ${i}`,
      );
  }
}
