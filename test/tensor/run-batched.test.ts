import { describe, expect, test } from 'vitest';
import { runBatched } from '../../src/kit/tensor/index.ts';

/** Lets everything that can go on go on. */
const settle = () => new Promise(resolve => setTimeout(resolve, 5));

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('runBatched', () => {
  test.each([0, 1, 3, 4, 7])('%i items in batches of 3, in order', async count => {
    const sizes: number[] = [];
    const results = runBatched(
      Array.from({ length: count }, (_, i) => i),
      {
        size: 3,
        prepare: async items => {
          sizes.push(items.length);
          // Earlier batches take longer: order must not come from speed.
          await new Promise(resolve => setTimeout(resolve, 4 - (items[0] ?? 0) / 3));
          return items;
        },
        run: async items => items.map(item => item * 10),
      },
    );
    expect(await collect(results)).toEqual(Array.from({ length: count }, (_, i) => i * 10));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(count);
    expect(Math.max(0, ...sizes)).toBe(Math.min(3, count));
  });

  test('the next batch is prepared while one runs, and no more', async () => {
    const log: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const all = collect(
      runBatched([1, 2, 3, 4], {
        size: 1,
        prepare: ([item]) => {
          log.push(`prepare ${item}`);
          return item;
        },
        run: async item => {
          log.push(`run ${item}`);
          await promise;
          return [item];
        },
      }),
    );
    await settle();
    expect(log).toEqual(['prepare 1', 'run 1', 'prepare 2']);
    resolve();
    expect(await all).toEqual([1, 2, 3, 4]);
  });

  test('nothing piles up behind a slow consumer', async () => {
    let taken = 0;
    const items = (function* () {
      for (; ; taken++) yield taken;
    })();
    const results = runBatched(items, { size: 1, prepare: batch => batch, run: async batch => batch });
    await results.next();
    await settle();
    // One given out, one run, one prepared.
    expect(taken).toBeLessThanOrEqual(3);
    await results.return(undefined);
    const stopped = taken;
    await settle();
    expect(taken).toBe(stopped);
    expect(items.next().done).toBe(true);
  });

  test.each(['prepare', 'run', 'items'] as const)('a failure of %s comes after the results before it', async where => {
    const seen: number[] = [];
    const fail = (place: string, item: number | undefined) => {
      if (place === where && item === 2) throw new Error(`no ${place}`);
    };
    const items = async function* () {
      for (const item of [0, 1, 2, 3]) {
        fail('items', item);
        yield item;
      }
    };
    const results = runBatched(items(), {
      size: 1,
      prepare: ([item]) => {
        fail('prepare', item);
        return item;
      },
      run: async item => {
        fail('run', item);
        return [item];
      },
    });
    const reading = (async () => {
      for await (const result of results) seen.push(result ?? -1);
    })();
    await expect(reading).rejects.toThrow(`no ${where}`);
    expect(seen).toEqual([0, 1]);
  });

  test('an abort stops before the next batch', async () => {
    const controller = new AbortController();
    let ran = 0;
    const results = runBatched([1, 2, 3, 4, 5, 6], {
      size: 1,
      prepare: batch => batch,
      run: async batch => {
        if (++ran === 2) controller.abort();
        return batch;
      },
      signal: controller.signal,
    });
    await expect(collect(results)).rejects.toMatchObject({ code: 'interrupted' });
    expect(ran).toBe(2);
  });

  test('a size below one is refused', async () => {
    const options = {
      size: 0,
      prepare: (batch: readonly number[]) => batch,
      run: async (batch: readonly number[]) => batch,
    };
    await expect(collect(runBatched([1], options))).rejects.toThrow('"size" expected a whole number from 1, got 0');
  });
});
