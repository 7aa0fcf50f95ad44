import { BiolensError } from '../../../../ground/errors.ts';
import { DEFAULT_SCALE, DIMENSIONS, lengthBound } from '../quantise.ts';

/** Degree of the ring ℤ_q[X]/(X^N + 1), and templates of a block. */
export const DEGREE = 2048;
/** Templates whose words lie together. */
export const TILE = 32;
const HALF = 2 ** 31;
/** Errors are the difference of two sums of 21 bits: at most 21, sub-Gaussian with variance factor 42/4. */
export const ERROR_BITS = 21;
const ERROR_FACTOR = Math.sqrt((2 * ERROR_BITS) / 4);
const FAILURE_BITS = 64;

/** What both sides of the additive scheme must agree on. */
export interface AdditivePlan {
  readonly dimension: number;
  /** Unit vectors are multiplied by this and rounded. */
  readonly scale: number;
  /** What a score is multiplied by in the ciphertext. */
  readonly delta: number;
  readonly proof: {
    /** No product exceeds this. */
    readonly scoreBound: number;
    /** The noise of a score stays below this, but for a probability of 2^−64 over the randomness of encryption. */
    readonly noiseBound: number;
  };
}

/**
 * Chooses Δ for a dimension and scale, so that |score|·Δ + noise stays below 2³¹ and the noise below Δ/2: then no score wraps, and each is exact.
 *
 * The noise of a score is Σ_j p_j·e_j with independent errors: sub-Gaussian with factor σ‖p‖, and ‖p‖ ≤ s + √d/2 is checked when a probe comes in.
 *
 * @throws {BiolensError} `usage` naming the field, for what cannot be proved
 */
export function planAdditive({
  dimension,
  scale = DEFAULT_SCALE,
}: {
  readonly dimension: number;
  readonly scale?: number;
}): AdditivePlan {
  const wrong = (why: string): BiolensError => new BiolensError('usage', why, { details: { dimension, scale } });
  if (!Number.isInteger(dimension) || dimension < DIMENSIONS.least || dimension > DIMENSIONS.most)
    throw wrong(`"dimension" expected a whole number from ${DIMENSIONS.least} to ${DIMENSIONS.most}, got ${dimension}`);
  if (!Number.isInteger(scale) || scale < 1) throw wrong(`"scale" expected a whole number from 1, got ${scale}`);
  const length = lengthBound(scale, dimension);
  const scoreBound = Math.floor(length ** 2 * (1 + 1e-9));
  const deviations = Math.sqrt(2 * Math.LN2 * (FAILURE_BITS + 1));
  // A whole number more for the rounding of the key holder's product; see `ring.ts`.
  const noiseBound = Math.ceil(deviations * ERROR_FACTOR * length) + 1;
  const delta = Math.floor((HALF - 1 - noiseBound) / scoreBound);
  if (!(delta / 2 > noiseBound))
    throw wrong(
      `"scale" ${scale} cannot be proved for ${dimension} dimensions: noise of ${noiseBound} against ${delta / 2}`,
    );
  return { dimension, scale, delta, proof: { scoreBound, noiseBound } };
}
