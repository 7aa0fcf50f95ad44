import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runRecordSchema } from '../../src/contracts/run.ts';
import { createRun, digestFiles, findRun, listRuns, openRun } from '../../src/runs/index.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-runs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let runsDir = '';
beforeEach(() => {
  runsDir = mkdtempSync(join(root, 'runs-'));
});

const itemSchema = z.object({ number: z.number() });
const options = { kind: 'audit', name: 'Congress faces!', configuration: { train: '/a' }, seed: 7 };
const start = (extra: { readonly now?: () => Date } = {}) => createRun({ ...options, runsDir, ...extra });
const numbers = async (run: { items: (schema: typeof itemSchema) => AsyncIterable<{ number: number }> }) => {
  const found: number[] = [];
  for await (const { number } of run.items(itemSchema)) found.push(number);
  return found;
};

describe('a run folder', () => {
  test('has a name that says when and what, and a record with provenance', async () => {
    const now = () => new Date('2026-11-24T10:02:11.500Z');
    const run = await start({ now });
    expect(run.id).toBe('2026-11-24T10-02-11-audit-congress-faces');
    const again = await start({ now });
    expect(again.id).toBe('2026-11-24T10-02-11-audit-congress-faces-2');
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(run.path, 'run.json'), 'utf8')));
    expect(record).toMatchObject({
      status: 'running',
      configuration: { train: '/a' },
      provenance: { seed: 7, startedAt: '2026-11-24T10:02:11.500Z', endedAt: null },
    });
    await run.note({ digests: { training: 'abc' }, engine: 'onnxruntime-node 1', device: 'cpu' });
    await run.complete({ answer: 42 });
    expect(JSON.parse(readFileSync(join(run.path, 'report.json'), 'utf8'))).toEqual({ answer: 42 });
    const done = runRecordSchema.parse(JSON.parse(readFileSync(join(run.path, 'run.json'), 'utf8')));
    expect(done).toMatchObject({
      status: 'done',
      provenance: { digests: { training: 'abc' }, host: { runtime: 'onnxruntime-node 1', device: 'cpu' } },
    });
    expect(done.provenance.endedAt).not.toBeNull();
    expect(readdirSync(run.path).sort()).toEqual(['items.jsonl', 'report.json', 'run.json']);
    await again.interrupt();
  });

  test('items come back in the order they were appended, also when many are in flight', async () => {
    const run = await start();
    await Promise.all(Array.from({ length: 500 }, (_, number) => run.append({ number })));
    expect(await numbers(run)).toEqual(Array.from({ length: 500 }, (_, number) => number));
    await run.interrupt();
  });

  test('a torn last line is cut off, also one longer than the reader looks at once', async () => {
    for (const torn of ['{"number": 3', `{"number": 3, "filler": "${'y'.repeat(200_000)}`]) {
      const run = await start();
      await run.append({ number: 1 });
      await run.append({ number: 2 });
      await run.interrupt();
      appendFileSync(join(run.path, 'items.jsonl'), torn);
      const resumed = await openRun(run.path);
      expect(await numbers(resumed)).toEqual([1, 2]);
      await resumed.append({ number: 4 });
      expect(await numbers(resumed)).toEqual([1, 2, 4]);
      await resumed.interrupt();
    }
  });

  test('a damaged line is an error that names it', async () => {
    const run = await start();
    await run.append({ number: 1 });
    await run.interrupt();
    const file = join(run.path, 'items.jsonl');
    appendFileSync(file, 'garbage\n');
    const resumed = await openRun(run.path);
    await expect(numbers(resumed)).rejects.toThrow(`${file}: line 2 is not JSON`);
    writeFileSync(file, '{"number": "one"}\n');
    await expect(numbers(resumed)).rejects.toThrow(`${file}: line 1: "number"`);
    await resumed.interrupt();
  });

  test('a done run is not opened again', async () => {
    const run = await start();
    await run.complete({});
    await expect(openRun(run.path)).rejects.toThrow(`${run.id}: this run is done`);
  });

  test('two processes do not work on one run; the lock of a dead one is taken over', async () => {
    const run = await start();
    await expect(openRun(run.path)).rejects.toThrow(`process ${process.pid} on ${hostname()} is working on this run`);
    await run.interrupt();
    const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
    writeFileSync(join(run.path, 'lock'), JSON.stringify({ pid: dead, host: hostname() }));
    const resumed = await openRun(run.path);
    await resumed.interrupt();
    expect(existsSync(join(run.path, 'lock'))).toBe(false);
  });
});

describe('listing', () => {
  test('newest first; foreign folders are passed over, broken runs told', async () => {
    const old = await start({ now: () => new Date('2026-01-01T00:00:00Z') });
    const fresh = await start({ now: () => new Date('2026-02-01T00:00:00Z') });
    await old.complete({});
    mkdirSync(join(runsDir, 'photos'));
    mkdirSync(join(runsDir, 'broken'));
    writeFileSync(join(runsDir, 'broken', 'run.json'), '{"schema": 1}');
    const { runs, broken } = await listRuns(runsDir);
    expect(runs.map(({ record }) => [record.id, record.status])).toEqual([
      [fresh.id, 'running'],
      [old.id, 'done'],
    ]);
    expect(broken).toMatchObject([{ id: 'broken' }]);
    rmSync(join(fresh.path, 'lock'));
    expect((await listRuns(runsDir)).runs[0]?.record.status).toBe('interrupted');
    expect((await findRun('latest', runsDir)).record.id).toBe(fresh.id);
    expect((await findRun('2026-01', runsDir)).record.id).toBe(old.id);
    await expect(findRun('2026', runsDir)).rejects.toThrow('"2026" fits 2 runs');
    await expect(findRun('2025', runsDir)).rejects.toThrow('there is no run "2025"');
  });

  test('a folder that is not there holds no runs', async () => {
    expect(await listRuns(join(runsDir, 'none'))).toEqual({ runs: [], broken: [] });
  });
});

const appender = join(import.meta.dirname, 'appender.ts');

test('killed twenty times at random instants, no item is lost or repeated', { timeout: 120_000 }, async () => {
  const run = await start();
  await run.interrupt();
  const target = 40_000;
  let acknowledged = -1;
  let kills = 0;
  for (let attempt = 0; attempt < 200; attempt++) {
    const child = spawn(process.execPath, [appender, run.path, String(target)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', chunk => {
      output += String(chunk);
    });
    const ended = once(child, 'close');
    // The first twenty are killed: every fourth while it starts, the others so many milliseconds into their work.
    if (kills < 20) {
      if (attempt % 4 !== 0) await Promise.race([once(child.stdout, 'data'), ended]);
      await Promise.race([sleep((attempt * 37) % 60), ended]);
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        kills++;
      }
    }
    const [code] = await ended;
    for (const line of output.trimEnd().split('\n').filter(Boolean))
      acknowledged = Math.max(acknowledged, Number(line));
    const present = readFileSync(join(run.path, 'items.jsonl'), 'utf8').split('\n').length - 1;
    expect(present).toBeGreaterThan(acknowledged);
    if (code === 0) break;
  }
  expect(kills).toBe(20);
  const lines = readFileSync(join(run.path, 'items.jsonl'), 'utf8').trimEnd().split('\n');
  expect(lines.map(line => itemSchema.parse(JSON.parse(line)).number)).toEqual(
    Array.from({ length: target }, (_, i) => i),
  );
  expect((await findRun(run.id, runsDir)).record.status).toBe('done');
});

test('SIGINT ends a run cleanly with exit code 130', async () => {
  const run = await start();
  await run.interrupt();
  const child = spawn(process.execPath, [appender, run.path, '1000000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(code).toBe(130);
  expect((await findRun(run.id, runsDir)).record.status).toBe('interrupted');
  expect(existsSync(join(run.path, 'lock'))).toBe(false);
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount();
function tryMount(): boolean {
  const point = mkdtempSync(join(root, 'probe-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', point], { stdio: 'ignore' });
    execFileSync('umount', [point]);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount)('a full disk (needs the right to mount a small one)', () => {
  test('is one line that names the file; what was acknowledged stays, nothing is half-written', async () => {
    const point = mkdtempSync(join(root, 'full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', point]);
    try {
      const run = await createRun({ ...options, runsDir: point });
      let written = 0;
      const filling = (async () => {
        for (;;) {
          await run.append({ number: written, filler: 'z'.repeat(5000) });
          written++;
        }
      })();
      await expect(filling).rejects.toMatchObject({
        code: 'input',
        message: `${join(run.path, 'items.jsonl')}: no space left on the device`,
      });
      expect(written).toBeGreaterThan(10);
      expect(await numbers(run)).toEqual(Array.from({ length: written }, (_, i) => i));
      await expect(run.write('report.html', 'h'.repeat(300_000))).rejects.toThrow(
        'report.html: no space left on the device',
      );
      expect(readdirSync(run.path).sort()).toEqual(['items.jsonl', 'lock', 'run.json']);
      await run.interrupt().catch(() => undefined);
    } finally {
      execFileSync('umount', ['-l', point]);
    }
  });
});

test('the digest of files does not depend on their order, and depends on names and contents', async () => {
  const file = (name: string, text: string) => {
    const path = join(runsDir, name);
    writeFileSync(path, text);
    return { file: name, path };
  };
  const [a, b] = [file('a', '1'), file('b', '2')];
  const both = await digestFiles([a, b]);
  expect(await digestFiles([b, a])).toBe(both);
  expect(await digestFiles([a])).not.toBe(both);
  expect(await digestFiles([{ ...a, file: 'c' }, b])).not.toBe(both);
});
