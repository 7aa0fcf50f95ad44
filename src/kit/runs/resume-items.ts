import type { z } from 'zod';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Run } from './run.ts';
import { absorbShards } from './shard-plan.ts';
import { ShareOver } from './share.ts';

export interface ResumeItemsOptions<T> {
  readonly run: Pick<Run, 'path' | 'record' | 'share' | 'items' | 'appendAll'>;
  readonly schema: z.ZodType<T>;
  /** Keys of all items that the run shall have, each once. */
  readonly keys: readonly string[];
  readonly keyOf: (item: T) => string;
  /** Makes the items of the keys that are left, in batches of any size and in any order. */
  readonly work: (left: readonly string[]) => AsyncIterable<readonly T[]>;
  readonly signal?: AbortSignal | undefined;
}

/** How far {@link resumeItems} is; `batch` holds the items that have just reached the disk, none in the first event. */
export interface ResumeEvent<T> {
  readonly type: 'items';
  readonly batch: readonly T[];
  readonly done: number;
  readonly total: number;
}

/**
 * Work on a list of items that can be killed at any instant and resumed: what the run has already is not made again, and an item
 * is told of only after it is on the disk.
 *
 * @throws BiolensError `interrupted` when the signal is aborted, after the batch at hand was kept; `usage` when the work makes an
 * item that was not asked for, or not all that were; ShareOver when a process that makes a share of the items has made it
 */
export async function* resumeItems<T>(options: ResumeItemsOptions<T>): AsyncGenerator<ResumeEvent<T>> {
  const { run, schema, keys, keyOf, work, signal } = options;
  const mine = run.share?.take(keys) ?? keys;
  const missing = new Set(mine);
  const total = missing.size;
  for await (const item of run.items(schema)) missing.delete(keyOf(item));
  if (run.share === null) await absorbShards({ run, schema, keys, wants: item => missing.delete(keyOf(item)) });
  const state = (batch: readonly T[]): ResumeEvent<T> => ({ type: 'items', batch, done: total - missing.size, total });
  yield state([]);
  throwIfAborted(signal);
  for await (const batch of missing.size === 0 ? [] : work([...missing])) {
    for (const item of batch) {
      if (!missing.delete(keyOf(item)))
        throw new BiolensError('usage', `the work made an item "${keyOf(item)}" that was not asked for`);
    }
    await run.appendAll(batch);
    yield state(batch);
    throwIfAborted(signal);
  }
  const [first] = missing;
  if (first !== undefined)
    throw new BiolensError('usage', `the work made no item "${first}" (${missing.size} of ${total} are missing)`);
  if (run.share !== null) throw new ShareOver(mine);
}
