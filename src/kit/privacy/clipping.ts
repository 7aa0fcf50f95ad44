import { BiolensError } from '../../ground/errors.ts';
import { checkPositive } from './check.ts';

/** Rounding to float32 moves a number by up to 2⁻²⁴ of itself: what is scaled down to a bound goes this much below it. */
const ROOM = 1 - 2 ** -23;

/** A vector's length before clipping, and what it was multiplied by. */
export interface Clipped {
  readonly norm: number;
  /** At most 1. */
  readonly scale: number;
}

/**
 * L2 norm of tensors taken together as one vector.
 *
 * @throws BiolensError `input` naming the tensor that holds a number that is not finite: a NaN passes every comparison with a bound
 */
export function jointNorm(tensors: readonly Float32Array[]): number {
  let squares = 0;
  tensors.forEach((tensor, at) => {
    let own = 0;
    for (let i = 0; i < tensor.length; i++) own += tensor[i]! * tensor[i]!;
    if (!Number.isFinite(own))
      throw new BiolensError('input', `update: tensor ${at} holds a number that is not finite`);
    squares += own;
  });
  return Math.sqrt(squares);
}

/**
 * Scales tensors in place so that their joint L2 norm is at most `bound`, in float32 as they are stored: all by one factor. Clipping each
 * tensor by itself would let k tensors have a norm of √k times the bound.
 *
 * @param tensors all tensors of one update
 * @throws BiolensError `input` for a number that is not finite, `usage` unless the bound is positive
 */
export function clipJointly(tensors: readonly Float32Array[], bound: number): Clipped {
  checkPositive('bound', bound);
  const norm = jointNorm(tensors);
  if (norm <= bound) return { norm, scale: 1 };
  const scale = (bound / norm) * ROOM;
  for (const tensor of tensors) for (let i = 0; i < tensor.length; i++) tensor[i] = tensor[i]! * scale;
  return { norm, scale };
}

/** Settings of a clipping bound that follows a quantile of the norms. */
export interface AdaptiveClipping {
  /** Share of the members whose norm is to be below the bound; 0.5 by default. */
  readonly quantile?: number;
  /** Step of the bound's logarithm; 0.2 by default. */
  readonly learningRate?: number;
}

/**
 * What a member sends for the bound to follow: ½ where its norm is within the bound, −½ where not. The sum over members has sensitivity ½ to
 * one added or removed, half of what ones and zeros would have.
 */
export const quantileVote = (norm: number, bound: number): number => (norm <= bound ? 0.5 : -0.5);

/** Sensitivity of a sum of {@link quantileVote}s to one member added or removed. */
export const QUANTILE_SENSITIVITY = 0.5;

/**
 * The next clipping bound: C·exp(−η(b̃ − γ)), where b̃ is the noisy share of members within the bound (Andrew, Thakkar, McMahan and
 * Ramaswamy, "Differentially Private Learning with Adaptive Clipping", NeurIPS 2021, algorithm 1).
 *
 * @param noisyVotes sum of the members' {@link quantileVote}s, with noise; a release of its own, for the ledger
 * @param members how many are expected: with Poisson sampling the rate times all, never how many came, which would tell who did
 * @throws BiolensError `usage` for settings out of range, `input` where the votes are not finite
 */
export function nextClippingBound(
  bound: number,
  { noisyVotes, members }: { readonly noisyVotes: number; readonly members: number },
  { quantile = 0.5, learningRate = 0.2 }: AdaptiveClipping = {},
): number {
  checkPositive('bound', bound);
  checkPositive('members', members);
  checkPositive('learningRate', learningRate);
  if (!(quantile > 0 && quantile < 1))
    throw new BiolensError('usage', `"quantile" expected a number between 0 and 1, got ${quantile}`);
  if (!Number.isFinite(noisyVotes))
    throw new BiolensError('input', `"noisyVotes" expected a finite number, got ${noisyVotes}`);
  // Noise can carry the share beyond its ends, and with few members the bound far away: one step changes it by e^η at most.
  const share = Math.min(1, Math.max(0, noisyVotes / members + 0.5));
  return bound * Math.exp(-learningRate * (share - quantile));
}

/**
 * Noise of the updates, as a multiple of their bound, such that they and the votes together cost what `total` alone would: (z⁻² − (2σ_b)⁻²)^−½
 * (Andrew et al. 2021, theorem 1).
 *
 * @param total noise multiplier of the whole round
 * @param votesStdDev deviation of the noise on the votes' sum; more than half of `total`, and better a twentieth of the members
 * @throws BiolensError `usage` where the votes alone cost more than the round may
 */
export function updateNoiseBesideVotes(total: number, votesStdDev: number): number {
  checkPositive('total', total);
  checkPositive('votesStdDev', votesStdDev);
  const left = total ** -2 - (votesStdDev / QUANTILE_SENSITIVITY) ** -2;
  if (left <= 0)
    throw new BiolensError(
      'usage',
      `"votesStdDev" expected more than ${total * QUANTILE_SENSITIVITY}, got ${votesStdDev}`,
    );
  return left ** -0.5;
}
