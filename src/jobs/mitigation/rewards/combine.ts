import { BiolensError } from '../../../ground/errors.ts';

/**
 * How the rewards of several goals become one.
 *
 * - `product`: a perfect fit then moves every goal by its full step, p′ ∝ r₁·r₂·p, and what one goal forbids stays forbidden.
 * - `mean`: each goal counts as one voice of several, and moves by a part of its step.
 */
export const COMBINATIONS = ['product', 'mean'] as const;
export type Combination = (typeof COMBINATIONS)[number];

/** Rewards of one goal, and what it is called in messages. */
export interface GoalRewards {
  readonly name: string;
  /** `[n]`, 0 or more. */
  readonly rewards: Float32Array;
}

/**
 * Brings the rewards of several goals together.
 *
 * @returns `[n]` rewards, 0 or more
 * @throws BiolensError `input` naming the goal and the sample for a reward that is NaN, infinite or negative; `usage` when lengths differ or
 * there is no goal
 */
export function combineRewards(goals: readonly GoalRewards[], combination: Combination): Float32Array {
  const [first] = goals;
  if (first === undefined) throw new BiolensError('usage', '"goals" expected a reward or more, got none');
  for (const { name, rewards } of goals) {
    if (rewards.length !== first.rewards.length)
      throw new BiolensError('usage', `${name}: expected ${first.rewards.length} rewards, got ${rewards.length}`);
    const wrong = rewards.findIndex(reward => !(reward >= 0 && Number.isFinite(reward)));
    if (wrong >= 0)
      throw new BiolensError(
        'input',
        `${name}: the reward of sample ${wrong} is ${rewards[wrong]}, expected a number from 0`,
      );
  }
  return first.rewards.map((_, i) => {
    const values = goals.map(({ rewards }) => rewards[i]!);
    if (combination === 'product') return values.reduce((product, value) => product * value, 1);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

/**
 * Brings rewards to a mean of 1, so that γ weighs the training images against the samples alike in every round.
 *
 * @throws BiolensError `input` when all are 0: there is nothing to learn from
 */
export function normaliseRewards(rewards: Float32Array): Float32Array {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  if (!(mean > 0)) throw new BiolensError('input', `all of ${rewards.length} samples have the reward 0`);
  return rewards.map(reward => reward / mean);
}

/**
 * The published loss from losses of single images, L = E[r·ℓ] + γ·E_D[ℓ]; tuning estimates it by batches.
 *
 * @param samples `[n]` loss of each sample
 * @param training `[m]` loss of each training image
 */
export function rewardLoss(
  rewards: Float32Array,
  losses: { readonly samples: Float32Array; readonly training: Float32Array },
  gamma: number,
): number {
  const { samples, training } = losses;
  if (samples.length !== rewards.length)
    throw new BiolensError('usage', `"samples" expected ${rewards.length} losses, got ${samples.length}`);
  const weighted = samples.reduce((sum, loss, i) => sum + loss * rewards[i]!, 0) / samples.length;
  if (gamma === 0) return weighted;
  return weighted + (gamma * training.reduce((sum, loss) => sum + loss, 0)) / training.length;
}
