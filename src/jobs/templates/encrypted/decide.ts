import { BiolensError } from '../../../ground/errors.ts';

/** What leaves the client: who, and whether accepted. No score. */
export interface Match {
  readonly identity: string;
  readonly accepted: boolean;
}

export interface DecideOptions {
  /** Cosine from which on a match is accepted, −1 to 1. */
  readonly threshold: number;
  /** Whose each template is, in the order in which they were enrolled; a template of `null` is passed over. */
  readonly identities: readonly (string | null)[];
  /** Most identities that are named, the most similar first. Default 1. */
  readonly top?: number;
}

/**
 * Turns scores into decisions: an identity counts by its most similar template, and ties go to the one enrolled first.
 *
 * @param scores one a template, in units of `unit`
 * @throws {BiolensError} `usage` naming the option
 */
export function decide(
  scores: ArrayLike<number>,
  { threshold, identities, top = 1, unit }: DecideOptions & { readonly unit: number },
): Match[] {
  if (!(threshold >= -1 && threshold <= 1))
    throw new BiolensError('usage', `"threshold" expected a cosine from -1 to 1, got ${threshold}`);
  if (!Number.isInteger(top) || top < 1)
    throw new BiolensError('usage', `"top" expected a whole number from 1, got ${top}`);
  if (identities.length !== scores.length)
    throw new BiolensError('usage', `"identities" expected ${scores.length} names, got ${identities.length}`);
  const best = new Map<string, number>();
  for (let i = 0; i < scores.length; i++) {
    const identity = identities[i];
    if (identity === null || identity === undefined) continue;
    const score = scores[i]!;
    if (score > (best.get(identity) ?? Number.NEGATIVE_INFINITY)) best.set(identity, score);
  }
  return [...best]
    .sort(([, a], [, b]) => b - a)
    .slice(0, top)
    .map(([identity, score]) => ({ identity, accepted: score >= threshold * unit }));
}
