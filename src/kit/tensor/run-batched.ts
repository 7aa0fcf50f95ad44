import { BiolensError, throwIfAborted } from '../../ground/errors.ts';

export interface RunBatchedOptions<Item, Batch, Result> {
  /** Items of a batch; the last one may have fewer. */
  readonly size: number;
  /** Turns items into what `run` takes: decoding, resizing. Goes on for the next batch while `run` works on this one. */
  readonly prepare: (items: readonly Item[]) => Batch | Promise<Batch>;
  /** Results of a batch, such as one a row of a session's output. */
  readonly run: (batch: Batch) => Promise<readonly Result[]>;
  /** Looked at before every batch; pass it to the session in `run` as well to stop within one. */
  readonly signal?: AbortSignal | undefined;
}

type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

async function* batchesOf<Item>(items: Items<Item>, size: number): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * Runs items through a model in batches and yields the results in the order of the items.
 *
 * One batch is in the engine and one more is being prepared, never more, however slowly results are taken. What fails, fails after the
 * results before it; the source is closed then, and when the caller stops early.
 *
 * @throws {BiolensError} `usage` for a size below 1; `interrupted`; whatever `items`, `prepare` and `run` throw.
 * @example
 * const embeddings = runBatched(files, {
 *   size: 16,
 *   prepare: async files => toTensor(await Promise.all(files.map(decode))),
 *   run: async x => rowsOf((await session.run({ x }, { transfer: true, signal })).embedding),
 *   signal,
 * });
 * for await (const embedding of embeddings) …
 */
export async function* runBatched<Item, Batch, Result>(
  items: Items<Item>,
  { size, prepare, run, signal }: RunBatchedOptions<Item, Batch, Result>,
): AsyncGenerator<Result> {
  if (!Number.isInteger(size) || size < 1)
    throw new BiolensError('usage', `"size" expected a whole number from 1, got ${size}`);
  const source = batchesOf(items, size);
  const prepareNext = async (): Promise<{ batch: Batch } | undefined> => {
    throwIfAborted(signal);
    const { value } = await source.next();
    return value === undefined ? undefined : { batch: await prepare(value) };
  };
  let ahead = noticed(prepareNext());
  const startNext = async (): Promise<{ results: Promise<readonly Result[]> } | undefined> => {
    const prepared = await ahead;
    if (prepared === undefined) return undefined;
    throwIfAborted(signal);
    const results = noticed(run(prepared.batch));
    ahead = noticed(prepareNext());
    return { results };
  };
  let next = noticed(startNext());
  try {
    for (let running = await next; running !== undefined; running = await next) {
      const results = await running.results;
      next = noticed(startNext());
      yield* results;
    }
  } finally {
    await Promise.allSettled([next, ahead]);
    await source.return(undefined);
  }
}

/** A promise whose failure is looked at later than it may happen. */
function noticed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
