import { BiolensError } from '../../../ground/errors.ts';

/**
 * How the degree of replication is read off a cosine.
 *
 * - `cosine`: the cosine itself, as published.
 * - `calibrated`: 0 at the similarity that real held-out images usually have to their nearest training image, 1 at the threshold of a match. Cosines
 *   of faces crowd in a narrow band, and a reward that stretches it tells copies apart from look-alikes.
 */
export const DEGREES = ['cosine', 'calibrated'] as const;
export type Degree = (typeof DEGREES)[number];

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/**
 * The degree of replication of each sample, 0 to 1, from its similarity to the nearest training image.
 *
 * @param scale where `calibrated` begins and ends; null, where too little is known to calibrate, leaves the cosine as it is
 */
export function replicationDegrees(
  similarities: Float32Array,
  degree: Degree,
  scale: { readonly usual: number; readonly match: number } | null = null,
): Float32Array {
  if (degree === 'cosine' || scale === null || scale.match <= scale.usual) return similarities.map(clamp);
  const { usual, match } = scale;
  return similarities.map(similarity => clamp((similarity - usual) / (match - usual)));
}

/**
 * The replication reward r_rep(x₀) = 1 − max_d deg(f(x₀), f(x_d)) (Perera and Patel, T-BIOM 2025).
 *
 * @param degrees `[n]` largest degree of replication of each sample over all training images, 0 to 1
 * @returns `[n]` rewards, 0 to 1
 * @throws BiolensError `input` for a degree that is no number from 0 to 1
 */
export function replicationRewards(degrees: Float32Array): Float32Array {
  const wrong = degrees.findIndex(degree => !(degree >= 0 && degree <= 1));
  if (wrong >= 0)
    throw new BiolensError('input', `sample ${wrong}: degree of replication expected 0 to 1, got ${degrees[wrong]}`);
  return degrees.map(degree => 1 - degree);
}
