import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createRun, openRun, type ResumeEvent, type Run, resumeItems } from '../../src/kit/runs/index.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-resume-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const schema = z.object({ file: z.string(), size: z.number() });
type Item = z.infer<typeof schema>;
const keys = ['a', 'b', 'c', 'd', 'e'];
const itemOf = (file: string): Item => ({ file, size: file.charCodeAt(0) });
const inPairs = async function* (left: readonly string[]): AsyncGenerator<Item[]> {
  for (let at = 0; at < left.length; at += 2) yield left.slice(at, at + 2).map(itemOf);
};

let run: Run;
beforeEach(async () => {
  run = await createRun({ kind: 'test', configuration: {}, seed: 1, runsDir: root });
});

async function collect(work = inPairs, signal?: AbortSignal): Promise<ResumeEvent<Item>[]> {
  const events: ResumeEvent<Item>[] = [];
  for await (const event of resumeItems({ run, schema, keys, keyOf: ({ file }) => file, work, signal }))
    events.push(event);
  return events;
}

async function kept(): Promise<string[]> {
  const files: string[] = [];
  for await (const { file } of run.items(schema)) files.push(file);
  return files;
}

describe('resumable work', () => {
  test('does what is left, reports what is on the disk, and does nothing the second time', async () => {
    await run.append(itemOf('b'));
    const events = await collect();
    expect(events.map(({ batch, done, total }) => [batch.map(({ file }) => file).join(''), done, total])).toEqual([
      ['', 1, 5],
      ['ac', 3, 5],
      ['de', 5, 5],
    ]);
    expect(await kept()).toEqual(['b', 'a', 'c', 'd', 'e']);
    const again = await collect(() => {
      throw new Error('there is nothing left to do');
    });
    expect(again).toEqual([{ type: 'items', batch: [], done: 5, total: 5 }]);
    await run.interrupt();
  });

  test('an abort keeps the batch at hand, and the next process goes on from there', async () => {
    const controller = new AbortController();
    const work = async function* (left: readonly string[]): AsyncGenerator<Item[]> {
      for await (const batch of inPairs(left)) {
        controller.abort();
        yield batch;
      }
    };
    await expect(collect(work, controller.signal)).rejects.toMatchObject({ code: 'interrupted' });
    expect(await kept()).toEqual(['a', 'b']);
    await run.interrupt();
    run = await openRun(run.path);
    await collect();
    expect(await kept()).toEqual(keys);
    await run.interrupt();
  });

  test('an item too many, twice the same, or too few is an error', async () => {
    const giving = (...files: string[]) =>
      async function* (): AsyncGenerator<Item[]> {
        yield files.map(itemOf);
      };
    await expect(collect(giving('x'))).rejects.toThrow('the work made an item "x" that was not asked for');
    await expect(collect(giving('a', 'a'))).rejects.toThrow('the work made an item "a" that was not asked for');
    expect(await kept()).toEqual([]);
    await expect(collect(giving('a', 'b', 'c'))).rejects.toThrow('the work made no item "d" (2 of 5 are missing)');
    await run.interrupt();
  });
});
