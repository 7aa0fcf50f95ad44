import { BiolensError } from '../../ground/errors.ts';
import { checkPositive } from './check.ts';

/** Rounding to multiples of 2^`exponent`, which doubles hold exactly. */
export interface Lattice {
  /** Whole, −1000 to 1000. */
  readonly exponent: number;
}

function stepOf({ exponent }: Lattice): number {
  if (!Number.isInteger(exponent) || Math.abs(exponent) > 1000)
    throw new BiolensError('usage', `"exponent" expected a whole number from -1000 to 1000, got ${exponent}`);
  return 2 ** exponent;
}

/**
 * Values in steps of a lattice, each rounded to the nearest: whole numbers to which exact noise can be added.
 *
 * @throws BiolensError `usage` for a value that is not finite, or that is no exact whole number of steps any more
 */
export function toLattice(values: ArrayLike<number>, lattice: Lattice): Float64Array {
  const step = stepOf(lattice);
  return Float64Array.from({ length: values.length }, (_, i) => {
    const steps = Math.round(values[i]! / step);
    if (!Number.isSafeInteger(steps))
      throw new BiolensError(
        'usage',
        `"values" expected finite numbers of at most 2^53 steps, got ${values[i]} at index ${i}`,
      );
    return steps;
  });
}

/** Values of whole numbers of steps. */
export function fromLattice(steps: ArrayLike<number>, lattice: Lattice): Float64Array {
  const step = stepOf(lattice);
  return Float64Array.from({ length: steps.length }, (_, i) => steps[i]! * step);
}

/**
 * L2 sensitivity, in steps, of values that are rounded to a lattice before noise is added. Rounding moves each coordinate by up to half a
 * step. Where each member's own contribution is rounded before they are summed, that is all it adds (`contribution`); where the sum is
 * rounded, it moves with and without the member, by up to a step a coordinate in all (`result`).
 *
 * @param sensitivity L2 sensitivity before rounding, in the values' unit
 * @param dimension coordinates
 * @throws BiolensError `usage` unless the sensitivity is positive and the dimension a whole number of at least 1
 */
export function latticeSensitivity(
  {
    sensitivity,
    dimension,
    rounded,
  }: { readonly sensitivity: number; readonly dimension: number; readonly rounded: 'contribution' | 'result' },
  lattice: Lattice,
): number {
  checkPositive('sensitivity', sensitivity);
  if (!Number.isSafeInteger(dimension) || dimension < 1)
    throw new BiolensError('usage', `"dimension" expected a whole number of at least 1, got ${dimension}`);
  const movement = Math.sqrt(dimension) * (rounded === 'contribution' ? 0.5 : 1);
  return sensitivity / stepOf(lattice) + movement;
}

/**
 * A bound on the L2 norm of a vector after stochastic rounding to whole numbers, which holds with probability above 1 − β for a vector of
 * norm c: min(c + √d, √(c² + d/4 + √(2 ln 1/β)(c + √d/2))), Kairouz, Liu and Steinke, "The Distributed Discrete Gaussian Mechanism for
 * Federated Learning with Secure Aggregation" (ICML 2021), proposition 22. A client rounds again until it holds: then it holds always.
 *
 * @param norm L2 norm before rounding, in steps
 * @param dimension coordinates
 * @param beta chance that a rounding has to be repeated, between 0 and 1
 * @throws BiolensError `usage` outside of these ranges
 */
export function stochasticRoundingNorm(
  norm: number,
  { dimension, beta }: { readonly dimension: number; readonly beta: number },
): number {
  checkPositive('norm', norm);
  checkPositive('dimension', dimension);
  if (!(beta > 0 && beta < 1)) throw new BiolensError('usage', `"beta" expected a number between 0 and 1, got ${beta}`);
  const root = Math.sqrt(dimension);
  const likely = norm * norm + dimension / 4 + Math.sqrt(2 * Math.log(1 / beta)) * (norm + root / 2);
  return Math.min(norm + root, Math.sqrt(likely));
}
