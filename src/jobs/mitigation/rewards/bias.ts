import { BiolensError } from '../../../ground/errors.ts';

/**
 * The two readings of the published formula
 * r_bias(x₀) = m_d + (m_d − m_c)^y + (m_c − m_d)^(1−y), y ∈ {0, 1}:
 *
 * - `A`, powers as printed: r(1) = 1 + 2m_d − m_c, r(0) = 1 + m_c. Steady, and never negative.
 * - `B`, products in their place: r(1) = 2m_d − m_c, r(0) = m_c. Reaches balance in one perfect step; negative ones are raised to 0.
 */
export const READINGS = ['A', 'B'] as const;
export type Reading = (typeof READINGS)[number];

const SUM_TOLERANCE = 1e-6;

function checkShares(name: string, shares: readonly number[]): void {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (shares.length < 2 || shares.some(share => !(share >= 0)) || Math.abs(sum - 1) > SUM_TOLERANCE)
    throw new BiolensError('usage', `"${name}" expected 2 shares or more that sum to 1, got ${shares.join(', ')}`);
}

/**
 * What every class gets at the target under reading B: m_d, the target of class 1, for two classes, as published. For more it is the largest
 * target, which is 1/classes when they are equal; a smaller one would make the shares overshoot (see docs/mitigation.md).
 */
function restingReward(target: readonly number[]): number {
  return target.length === 2 ? target[1]! : Math.max(...target);
}

/**
 * The bias reward of each class (Perera and Patel, T-BIOM 2025), for any number of classes.
 *
 * Written by the shares p of the classes and their targets q, both readings are one formula: B is b + q_c − p_c and A is 1 more, with b the resting
 * reward. For two classes it is the published one: q₁ = m_d and p₁ = m_c give b + q₁ − p₁ = 2m_d − m_c, and q₀ − p₀ = m_c − m_d gives b + q₀ − p₀ = m_c.
 * At p = q all classes get the same, so a perfect fit leaves the shares where they are.
 *
 * @param shares `[classes]` current share of each class
 * @param target `[classes]` wanted share of each class
 * @returns `[classes]` rewards, 0 or more
 * @throws BiolensError `usage` for shares that are no distribution
 */
export function biasRewards(shares: readonly number[], target: readonly number[], reading: Reading): number[] {
  checkShares('shares', shares);
  checkShares('target', target);
  if (shares.length !== target.length)
    throw new BiolensError('usage', `"target" expected ${shares.length} shares, got ${target.length}`);
  const resting = restingReward(target) + (reading === 'A' ? 1 : 0);
  return shares.map((share, i) => Math.max(0, resting + target[i]! - share));
}
