import { createHash } from 'node:crypto';

/** The id of a request within all batches of a run: 40 hexadecimal digits, from what tells its answer from others. */
export const requestId = (answerKey: string): string =>
  createHash('sha256').update(answerKey).digest('hex').slice(0, 40);

/** The id under which a batch carries a request: providers allow 64 letters, digits, dashes and underscores. */
export const customId = (token: string, request: string): string => `${token}-${request}`;

/** The request that a result is of; null for an id that this batch did not give out. */
export function requestOf(token: string, custom: string): string | null {
  return custom.startsWith(`${token}-`) ? custom.slice(token.length + 1) : null;
}
