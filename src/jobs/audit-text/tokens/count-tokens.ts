import { Worker } from 'node:worker_threads';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import type { TokenizerFile } from './tokenizer-file.ts';

/** What a thread that counts is given, and what it answers. */
export interface CountOrder {
  readonly tokenizer: TokenizerFile;
  readonly texts: readonly string[];
}
export type CountAnswer =
  | { readonly kind: 'counted'; readonly counts: readonly number[] }
  | { readonly kind: 'failed'; readonly message: string };

/** A tokenizer's own patterns decide how long it takes, and may never end. */
const LONGEST_MS = 60_000;
const CHARACTERS_PER_SECOND = 20_000;
const MOST_MEGABYTES = 3000;

/**
 * How many tokens each text has, without special ones, counted in a thread that is ended when it takes too long.
 *
 * @param path of the tokenizer, for messages
 * @throws {BiolensError} `input` for a tokenizer that cannot be put together or does not end, `interrupted`
 */
export async function countTokens(
  texts: readonly string[],
  {
    tokenizer,
    path,
    signal,
    longestMs = LONGEST_MS,
  }: {
    readonly tokenizer: TokenizerFile;
    readonly path: string;
    readonly signal?: AbortSignal | undefined;
    readonly longestMs?: number;
  },
): Promise<readonly number[]> {
  throwIfAborted(signal);
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  const file = import.meta.url.endsWith('.ts') ? './count-worker.ts' : './count-worker.js';
  const order: CountOrder = { tokenizer, texts };
  const worker = new Worker(new URL(file, import.meta.url), {
    execArgv: [],
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
  });
  const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
  const refuse = (why: string): void =>
    reject(new BiolensError('input', `${path}: ${why}`, { details: { file: path } }));
  const limitMs = longestMs + (1000 * characters) / CHARACTERS_PER_SECOND;
  const timer = setTimeout(() => refuse(`the tokenizer took more than ${Math.ceil(limitMs / 1000)} s`), limitMs);
  const abort = (): void => {
    try {
      throwIfAborted(signal);
    } catch (error) {
      reject(error);
    }
  };
  signal?.addEventListener('abort', abort, { once: true });
  worker.on('message', (answer: CountAnswer) => {
    if (answer.kind === 'counted') resolve(answer.counts);
    else refuse(`the tokenizer cannot be used: ${answer.message}`);
  });
  worker.on('error', error => refuse(`the tokenizer cannot be used: ${error.message}`));
  worker.on('exit', () => refuse('the tokenizer cannot be used'));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
