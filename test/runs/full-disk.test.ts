import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

/** Bytes that still fit on the disk of this test; a write that does not fit is cut short, as a real disk does it. */
const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, code: 'ENOSPC' }));

vi.mock('node:fs/promises', async importOriginal => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const write = (original: FileHandle['writeFile'], handle: FileHandle) => async (content: string | Uint8Array) => {
    const bytes = Buffer.from(content);
    const fits = Math.min(bytes.length, disk.left);
    disk.left -= fits;
    await original.call(handle, bytes.subarray(0, fits));
    if (fits < bytes.length) throw Object.assign(new Error(`${disk.code}: write`), { code: disk.code });
  };
  return {
    ...real,
    open: async (...args: Parameters<typeof real.open>) => {
      const handle = await real.open(...args);
      handle.appendFile = write(handle.appendFile, handle);
      handle.writeFile = write(handle.writeFile, handle);
      return handle;
    },
  };
});

const { createRun, openRun } = await import('../../src/kit/runs/index.ts');

const root = mkdtempSync(join(tmpdir(), 'biolens-full-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  disk.left = Number.POSITIVE_INFINITY;
  disk.code = 'ENOSPC';
});

const options = { kind: 'test', configuration: {}, seed: 1, runsDir: root };
const filesOf = (path: string) => readdirSync(path).filter(file => !file.startsWith('lock.'));

describe('a disk that is full', () => {
  test('cuts an item in two: the error names the file, the half is taken back, the run goes on when there is room', async () => {
    const run = await createRun(options);
    const file = join(run.path, 'items.jsonl');
    await run.append({ number: 1 });
    disk.left = 5;
    const results = await Promise.allSettled([run.append({ number: 2 }), run.append({ number: 3 })]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'input', exitCode: 2, message: `${file}: no space left on the device` },
      });
    }
    expect(readFileSync(file, 'utf8')).toMatch(/^{"number":1}[ \t]{32}\n$/);
    await expect(run.append({ number: 4 })).rejects.toThrow('no space left');
    await expect(run.fail('full')).rejects.toThrow('run.json: no space left on the device');
    expect(filesOf(run.path)).toEqual(['items.jsonl', 'run.json']);
    await expect(openRun(run.path)).rejects.toThrow('run.json: no space left on the device');
    disk.left = Number.POSITIVE_INFINITY;
    const resumed = await openRun(run.path);
    await resumed.append({ number: 2 });
    const numbers: number[] = [];
    for await (const item of resumed.items(z.object({ number: z.number() }))) numbers.push(item.number);
    expect(numbers).toEqual([1, 2]);
    await resumed.complete({});
  });

  test('a report is written whole or not at all', async () => {
    const run = await createRun(options);
    disk.left = 100;
    await expect(run.complete({ text: 'x'.repeat(1000) })).rejects.toThrow('report.json: no space left on the device');
    expect(filesOf(run.path)).toEqual(['items.jsonl', 'run.json']);
    disk.left = Number.POSITIVE_INFINITY;
    await run.fail('no space left');
    expect(run.record).toMatchObject({ status: 'failed', error: 'no space left' });
  });

  test('a used-up quota is told as such, and a run that cannot begin leaves nothing', async () => {
    const before = readdirSync(root);
    disk.left = 0;
    disk.code = 'EDQUOT';
    await expect(createRun(options)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/run\.json: the disk quota is used up$/),
    });
    expect(readdirSync(root)).toEqual(before);
  });
});
