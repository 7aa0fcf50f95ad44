import { createHash } from 'node:crypto';
import { BiolensError } from '../../../ground/errors.ts';

/** The `index`-th of `of` parts, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/**
 * Reads `2/8`.
 *
 * @throws BiolensError `usage`
 */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text.trim());
  const index = Number(match?.[1]);
  const of = Number(match?.[2]);
  if (match === null || index < 1 || index > of) {
    throw new BiolensError('usage', `"shard" expected i/n with 1 ≤ i ≤ n, got "${text}"`);
  }
  return { index, of };
}

/**
 * Whether a question belongs to a shard. By a hash of its id, so that machines that list their files in another order,
 * or that leave questions out, still share the work without overlap.
 */
export function inShard(questionId: string, shard: Shard | null): boolean {
  if (shard === null) return true;
  const hash = createHash('sha256').update(questionId).digest().readUInt32BE(0);
  return hash % shard.of === shard.index - 1;
}
