import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { foldIn, openStream, type RandomStream, randomKey } from '../../src/ground/math/random.ts';

/** What a run asks of the disk, in order. */
type Operation =
  | { readonly type: 'open'; readonly path: string; readonly empty: boolean }
  | { readonly type: 'write'; readonly path: string; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly path: string; readonly length: number }
  | { readonly type: 'sync'; readonly path: string }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'remove'; readonly path: string }
  /** The run has said that something is safe. */
  | { readonly type: 'said'; readonly what: 'created' | 'done' | number };

const recorded = vi.hoisted(() => ({ operations: null as Operation[] | null }));

vi.mock('node:fs/promises', async importOriginal => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const note = (operation: Operation): void => void recorded.operations?.push(operation);
  const written = (original: FileHandle['writeFile'], handle: FileHandle, path: string) => async (content: string) => {
    note({ type: 'write', path, bytes: Buffer.from(content) });
    await original.call(handle, content);
  };
  return {
    ...real,
    open: async (path: string, flags = 'r', mode?: number) => {
      const handle = await real.open(path, flags, mode);
      if (flags !== 'r') note({ type: 'open', path, empty: flags === 'w' });
      handle.appendFile = written(handle.appendFile, handle, path) as FileHandle['appendFile'];
      handle.writeFile = written(handle.writeFile, handle, path) as FileHandle['writeFile'];
      for (const name of ['sync', 'datasync'] as const) {
        const original = handle[name];
        handle[name] = async () => {
          await original.call(handle);
          note({ type: 'sync', path });
        };
      }
      const { truncate } = handle;
      handle.truncate = async (length = 0) => {
        note({ type: 'truncate', path, length });
        await truncate.call(handle, length);
      };
      return handle;
    },
    rename: async (from: string, to: string) => {
      await real.rename(from, to);
      note({ type: 'rename', from, to });
    },
    rm: async (path: string, options?: object) => {
      await real.rm(path, options);
      note({ type: 'remove', path });
    },
  };
});

const { createRun, openRun, findRun, listRuns, readItems } = await import('../../src/kit/runs/index.ts');
const { readReport } = await import('../../src/app/pages/run-page.ts');
const { BiolensError } = await import('../../src/ground/errors.ts');

const root = mkdtempSync(join(tmpdir(), 'biolens-power-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The slow run looks at 1,000 of them. */
const IMAGES = Number(process.env.BIOLENS_POWER_IMAGES ?? 300);
const ITEMS = 60;
const itemSchema = z.strictObject({ number: z.number(), text: z.string() });
/** Long enough that lines and batches reach over several sectors. */
const itemOf = (number: number) => ({ number, text: 'x'.repeat((number * 37) % 700) });
const REPORT = { schema: 'toy@1', items: ITEMS, text: 'y'.repeat(3000) };

/** A run from its beginning to its end, with an interruption, and all that it asks of the disk. */
async function record(): Promise<{ readonly operations: readonly Operation[]; readonly id: string }> {
  const operations: Operation[] = [];
  recorded.operations = operations;
  let run = await createRun({ kind: 'audit', runsDir: join(root, 'recorded'), seed: 1, configuration: { a: 1 } });
  operations.push({ type: 'said', what: 'created' });
  for (let number = 0; number < ITEMS; ) {
    const batch = Array.from({ length: 1 + (number % 7) }, (_, i) => number + i).filter(one => one < ITEMS);
    await run.appendAll(batch.map(itemOf));
    for (const what of batch) operations.push({ type: 'said', what });
    number += batch.length;
    if (number % 4 === 0) await run.note({ digests: { set: String(number) } });
    if (number > ITEMS / 2 && number < ITEMS / 2 + 8) {
      await run.interrupt();
      run = await openRun(run.path);
    }
  }
  await run.complete(REPORT);
  operations.push({ type: 'said', what: 'done' });
  recorded.operations = null;
  return { operations, id: run.id };
}

const SECTOR = 512;

/** A file's content: what is safe, and what has been written since. */
interface Inode {
  safe: Buffer;
  now: Buffer;
}

/** What is left of a file's content: of what was not safe, all, nothing, a part, or zeros in whole sectors. */
function afterLoss({ safe, now }: Inode, chance: RandomStream): Buffer {
  if (safe.equals(now)) return safe;
  switch (chance.integer(4)) {
    case 0:
      return safe;
    case 1:
      return now;
    case 2:
      return now.length <= safe.length ? now : now.subarray(0, safe.length + chance.integer(now.length - safe.length));
    default: {
      const left = Buffer.from(now);
      const first = now.length > safe.length ? Math.floor(safe.length / SECTOR) : 0;
      for (let at = first * SECTOR; at < left.length; at += SECTOR)
        if (chance.uniform() < 0.5)
          left.fill(0, Math.max(at, Math.min(safe.length, left.length)), Math.min(at + SECTOR, left.length));
      return left;
    }
  }
}

/** The run's folder as a disk holds it after its power was lost behind an operation. */
function imageAfter(
  operations: readonly Operation[],
  { chance, lies }: { readonly chance: RandomStream; readonly lies: boolean },
): Map<string, Buffer> {
  const safeNames = new Map<string, Inode>();
  const names = new Map<string, Inode>();
  let pending: ((into: Map<string, Inode>) => void)[] = [];
  const change = (to: (into: Map<string, Inode>) => void): void => {
    to(names);
    pending.push(to);
  };
  for (const operation of operations) {
    if (operation.type === 'open') {
      const { path, empty } = operation;
      const known = names.get(path);
      if (known === undefined) {
        const inode = { safe: Buffer.alloc(0), now: Buffer.alloc(0) };
        change(into => void into.set(path, inode));
      } else if (empty) known.now = Buffer.alloc(0);
    } else if (operation.type === 'write') {
      const inode = names.get(operation.path);
      if (inode !== undefined) inode.now = Buffer.concat([inode.now, operation.bytes]);
    } else if (operation.type === 'truncate') {
      const inode = names.get(operation.path);
      if (inode !== undefined) inode.now = inode.now.subarray(0, operation.length);
    } else if (operation.type === 'rename') {
      const { from, to } = operation;
      const inode = names.get(from);
      if (inode === undefined) throw new Error(`${from} is renamed and was never there`);
      change(into => {
        into.delete(from);
        into.set(to, inode);
      });
    } else if (operation.type === 'remove') change(into => void into.delete(operation.path));
    else if (operation.type === 'sync') {
      // A disk that lies says that it has written what it has not.
      if (lies && chance.uniform() < 0.5) continue;
      const inode = names.get(operation.path);
      if (inode !== undefined) inode.safe = inode.now;
      else {
        for (const one of pending) one(safeNames);
        pending = [];
      }
    }
  }
  // Names are written in order; how far, nobody knows.
  for (const one of pending.slice(0, chance.integer(pending.length + 1))) one(safeNames);
  const files = new Map<string, Buffer>();
  for (const [path, inode] of safeNames) files.set(basename(path), afterLoss(inode, chance));
  return files;
}

/** The error of something, which has to be one line that names a file; null where it went well. */
async function told(what: Promise<unknown>): Promise<string | null> {
  try {
    await what;
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(BiolensError);
    expect(error).toMatchObject({ code: 'input', message: expect.stringMatching(/^[^\n]*\.json[^\n]*$|no run/) });
    return String(error);
  }
}

describe('a loss of power', async () => {
  const { operations, id } = await record();
  const chance = openStream(foldIn(randomKey(9), 'power'));

  /** Folders of disks that lost their power, one after the other, each with what the run had said before. */
  async function* images(lies: boolean) {
    for (let i = 0; i < IMAGES / 2; i++) {
      const before = operations.slice(0, 1 + chance.integer(operations.length));
      const runsDir = join(root, `${lies ? 'lying' : 'honest'}-${i}`);
      const path = join(runsDir, id);
      mkdirSync(path, { recursive: true });
      for (const [name, content] of imageAfter(before, { chance, lies })) writeFileSync(join(path, name), content);
      const said = new Set(before.flatMap(one => (one.type === 'said' ? [one.what] : [])));
      yield { runsDir, path, said };
      rmSync(runsDir, { recursive: true });
    }
  }
  const items = (path: string) => Array.fromAsync(readItems(join(path, 'items.jsonl'), itemSchema));

  test('what is recorded is what the disk holds at the end', () => {
    const whole = imageAfter(operations, { chance, lies: false });
    expect([...whole.keys()].sort()).toEqual(['items.jsonl', 'report.json', 'run.json']);
    expect(readdirSync(join(root, 'recorded', id)).sort()).toEqual([...whole.keys()].sort());
    expect(operations.filter(({ type }) => type === 'sync').length).toBeGreaterThan(50);
  });

  test(`of ${IMAGES / 2} disks that keep what they have said to keep, every run opens with all that it had said, and is resumed`, async () => {
    const seen = { none: 0, running: 0, done: 0, torn: 0 };
    for await (const { runsDir, path, said } of images(false)) {
      const { runs, broken } = await listRuns(runsDir);
      expect(broken).toEqual([]);
      if (runs.length === 0) {
        expect(said.has('created')).toBe(false);
        seen.none++;
        continue;
      }
      const found = await findRun('latest', runsDir);
      const numbers = (await items(path)).map(({ number }) => number);
      expect(numbers).toEqual(numbers.map((_, i) => i));
      for (const what of said) if (typeof what === 'number') expect(numbers).toContain(what);
      if (found.record.status === 'done') {
        expect(await readReport(found)).toEqual({ schema: 'biolens/other@1', report: REPORT });
        expect(numbers).toHaveLength(ITEMS);
        seen.done++;
        continue;
      }
      expect(said.has('done')).toBe(false);
      expect(found.record.status).toBe('interrupted');
      const run = await openRun(path);
      await run.appendAll(Array.from({ length: ITEMS - numbers.length }, (_, i) => itemOf(numbers.length + i)));
      await run.complete(REPORT);
      expect(await items(path)).toEqual(Array.from({ length: ITEMS }, (_, i) => itemOf(i)));
      seen.running++;
      if (numbers.length > 0 && !said.has(numbers.at(-1) ?? 0)) seen.torn++;
    }
    // Otherwise the power was lost where nothing could go wrong.
    expect(Math.min(seen.running, seen.done, seen.torn)).toBeGreaterThan(0);
    expect(seen.running).toBeGreaterThan(IMAGES / 4);
  });

  test(`of ${IMAGES / 2} disks that lie, every run opens or is told of in words`, async () => {
    const seen = { opened: 0, told: 0 };
    for await (const { runsDir, path } of images(true)) {
      const { runs, broken } = await listRuns(runsDir);
      for (const { reason } of broken) expect(reason).toMatch(/^\S+run\.json: [^\n]+$/);
      const [found] = runs;
      if (found === undefined) {
        if (readdirSync(path).includes('run.json')) expect(await told(findRun(id, runsDir))).toContain('run.json');
        seen.told++;
        continue;
      }
      const report = await told(readReport(found));
      const problem = (await told(items(path))) ?? report;
      // Whatever is read is an item that was written, and in its place.
      if (problem === null) {
        for (const [i, item] of (await items(path)).entries()) expect(item).toEqual(itemOf(i));
        seen.opened++;
      } else seen.told++;
      if (found.record.status !== 'done') await openRun(path).then(run => run.interrupt());
    }
    expect(Math.min(seen.opened, seen.told)).toBeGreaterThan(10);
  });
});
