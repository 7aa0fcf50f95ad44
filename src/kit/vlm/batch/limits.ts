import { z } from 'zod';
import { replyBytesFor } from '../chat-completions.ts';
import type { ModelRequest } from '../model.ts';
import type { LineLimits } from './read-lines.ts';

/** Bytes of one batch that are sent at once: a lost upload costs little, and memory stays small. Every provider takes more. */
export const UPLOAD_BYTES = 64 * 2 ** 20;

/** What a provider calls a batch or a file; it becomes part of an address. */
export const providerIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/, 'expected an id of letters and digits');

export const countSchema = z.number().int().nonnegative().nullish().catch(null);

/** Bytes of a result beside its text. */
const AROUND_BYTES = 16 * 1024;
const TOKEN_BYTES = 64;
const ALTERNATIVE_BYTES = 200;

/** Longest line of a file of results, and longest file, for so many requests. */
export function resultLimits(
  requests: number,
  { maxOutputTokens, alternatives = 0 }: Pick<ModelRequest, 'maxOutputTokens' | 'alternatives'>,
): LineLimits {
  const tokenBytes = TOKEN_BYTES + (alternatives === 0 ? 0 : (alternatives + 1) * ALTERNATIVE_BYTES);
  const mostLineBytes = replyBytesFor({ maxOutputTokens, alternatives });
  return {
    mostLineBytes,
    // Second results are left out, and a few strange ones too.
    mostLines: 2 * requests + 100,
    mostBytes: mostLineBytes + requests * Math.min(mostLineBytes, AROUND_BYTES + maxOutputTokens * tokenBytes),
  };
}
