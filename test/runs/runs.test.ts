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
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { runRecordSchema } from '../../src/ground/contracts/run.ts';
import { createRun, digestFile, digestFiles, findRun, listRuns, openRun } from '../../src/kit/runs/index.ts';
import { appender, killAndResume } from './kill-and-resume.ts';

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

  test('the separators of Unicode stay inside of their item', async () => {
    const run = await start();
    const text = 'a\u2028b\u2029c\rd\r\n\u0085\0é😀';
    await run.append({ number: 1, text });
    await run.append({ number: 2, text: text.repeat(20_000) });
    const found = [];
    for await (const item of run.items(z.object({ text: z.string() }))) found.push(item.text);
    expect(found).toEqual([text, text.repeat(20_000)]);
    await run.interrupt();
  });

  test('bytes that are no text are an error, not replaced', async () => {
    const run = await start();
    await run.interrupt();
    const file = join(run.path, 'items.jsonl');
    writeFileSync(file, Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d, 0x0a]));
    await expect(numbers(run)).rejects.toThrow(`${file}: line 1 is not JSON`);
    writeFileSync(file, '7\n');
    await expect(numbers(run)).rejects.toThrow(`${file}: line 1: Invalid input`);
  });

  test('what is no JSON is not appended, and nothing is after the end', async () => {
    const run = await start();
    await expect(run.append(undefined)).rejects.toThrow('expected an item of JSON, got undefined');
    await run.appendAll([{ number: 1 }, { number: 2 }]);
    await run.interrupt();
    await expect(run.append({ number: 3 })).rejects.toThrow('the run has ended and takes no more items');
    expect(await numbers(run)).toEqual([1, 2]);
  });

  test('facts noted at once are all kept', async () => {
    const run = await start();
    await Promise.all(Array.from({ length: 20 }, (_, i) => run.note({ digests: { [`set ${i}`]: String(i) } })));
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(run.path, 'run.json'), 'utf8')));
    expect(Object.keys(record.provenance.digests)).toHaveLength(20);
    await run.interrupt();
  });

  test('artifacts are written whole, and stay inside of the run', async () => {
    const run = await start();
    const path = await run.writeArtifact('step-1/weights.bin', Uint8Array.of(1, 2, 3));
    expect(path).toBe(join(run.path, 'artifacts', 'step-1', 'weights.bin'));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    await expect(run.artifactPath('../run.json')).rejects.toThrow('"name" expected a file inside of');
    await expect(run.write('/etc/passwd', '')).rejects.toThrow('"name" expected a file inside of');
    await expect(run.write('..', '')).rejects.toThrow('"name"');
    await run.interrupt();
  });

  test('what a killed process left half-written is swept away, what a living one is writing is not', async () => {
    const run = await start();
    await run.interrupt();
    const stale = join(run.path, `report.html.${deadPid()}.3.tmp`);
    const fresh = join(run.path, `report.html.${process.pid}.3.tmp`);
    writeFileSync(stale, 'half');
    writeFileSync(fresh, 'half');
    const resumed = await openRun(run.path);
    expect([existsSync(stale), existsSync(fresh)]).toEqual([false, true]);
    await resumed.interrupt();
  });

  test('a run that cannot begin leaves no folder', async () => {
    const configuration = { wrong: 1n };
    await expect(createRun({ ...options, runsDir, configuration })).rejects.toThrow('BigInt');
    expect(readdirSync(runsDir)).toEqual([]);
    const file = join(runsDir, 'file');
    writeFileSync(file, '');
    await expect(createRun({ ...options, runsDir: file })).rejects.toMatchObject({ code: 'input' });
  });
});

function deadPid(): number {
  return Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
}

const locksOf = (path: string): string[] => readdirSync(path).filter(file => file.startsWith('lock.'));

describe('the lock', () => {
  test('two do not work on one run', async () => {
    const run = await start();
    const message = `process ${process.pid} on ${hostname()} is working on this run`;
    await expect(openRun(run.path)).rejects.toThrow(message);
    expect(locksOf(run.path)).toHaveLength(1);
    await run.interrupt();
    expect(locksOf(run.path)).toEqual([]);
  });

  test('that of a dead process, or of a dead namesake of a living one, is taken away', async () => {
    const run = await start();
    await run.interrupt();
    const stale = [`lock.${deadPid()}.1.${hostname()}`, `lock.${process.pid}.1.${hostname()}`];
    // Only where the system tells when a process was started can its number be told from an earlier one's.
    if (process.platform === 'linux') stale.push(`lock.${process.ppid}.1.${hostname()}`);
    for (const file of stale) writeFileSync(join(run.path, file), '');
    expect((await findRun(run.id, runsDir)).record.status).toBe('interrupted');
    const resumed = await openRun(run.path);
    expect(locksOf(run.path)).toHaveLength(1);
    await resumed.interrupt();
    expect(locksOf(run.path)).toEqual([]);
  });

  test('that of another machine counts, and the message says what to do', async () => {
    const run = await start();
    await run.interrupt();
    writeFileSync(join(run.path, 'lock.7.1.far%20away'), '');
    await expect(openRun(run.path)).rejects.toThrow(
      `process 7 on far away is working on this run (if it is not, delete ${join(run.path, 'lock.7.1.far%20away')})`,
    );
    expect((await findRun(run.id, runsDir)).record.status).toBe('interrupted');
  });

  test('that of another machine is taken away when it has not been renewed for two minutes', async () => {
    const run = await start();
    await run.interrupt();
    const lock = join(run.path, 'lock.7.1.far%20away');
    writeFileSync(lock, '');
    const ago = (seconds: number): Date => new Date(Date.now() - 1000 * seconds);
    utimesSync(lock, ago(110), ago(110));
    await expect(openRun(run.path)).rejects.toThrow('process 7 on far away is working on this run');
    utimesSync(lock, ago(130), ago(130));
    const resumed = await openRun(run.path);
    expect(locksOf(run.path)).toHaveLength(1);
    expect(readdirSync(run.path).filter(file => file.startsWith('clock.'))).toEqual([]);
    await resumed.interrupt();
  });

  test('a lock is renewed by the clock of the file system, not by that of this machine', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'Date'], now: 0 });
    try {
      const run = await start();
      const [lock] = locksOf(run.path);
      utimesSync(join(run.path, lock!), new Date(1000), new Date(1000));
      await vi.advanceTimersByTimeAsync(15_000);
      await vi.waitFor(() => expect(statSync(join(run.path, lock!)).mtimeMs).toBeGreaterThan(1e12));
      await run.interrupt();
    } finally {
      vi.useRealTimers();
    }
  });

  test('a process whose run was taken over writes nothing more', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const run = await start();
      for (const file of locksOf(run.path)) rmSync(join(run.path, file));
      await vi.advanceTimersByTimeAsync(15_000);
      // The lock is renewed outside of the timers.
      await vi.waitFor(() => expect(run.append({ number: 1 })).rejects.toThrow('another machine took the run over'));
      await run.interrupt();
    } finally {
      vi.useRealTimers();
    }
  });

  test('of six processes that come at once over a dead lock, never do two go on', { timeout: 60_000 }, async () => {
    const run = await start();
    await run.interrupt();
    const dead = deadPid();
    let won = 0;
    for (let round = 0; round < 3; round++) {
      writeFileSync(join(run.path, `lock.${dead}.1.${hostname()}`), '');
      const children = Array.from({ length: 6 }, () =>
        spawn(process.execPath, [join(import.meta.dirname, 'contender.ts'), run.path], {
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      );
      const outputs = children.map(() => '');
      children.forEach((child, i) => {
        child.stdout.on('data', chunk => {
          outputs[i] += String(chunk);
        });
      });
      const until = async (word: RegExp) => {
        while (!outputs.every(output => word.test(output))) {
          expect(children.map(({ exitCode }) => exitCode)).toEqual(children.map(() => null));
          await sleep(5);
        }
      };
      await until(/ready/);
      for (const child of children) child.stdin.write('go\n');
      await until(/holds|refused/);
      // All hold what they got until the last has tried.
      const holders = outputs.filter(output => output.includes('holds')).length;
      expect(holders).toBeLessThanOrEqual(1);
      won += holders;
      await Promise.all(
        children.map(child => {
          const ended = once(child, 'close');
          child.stdin.end();
          return ended;
        }),
      );
    }
    expect(won).toBeGreaterThan(0);
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
    expect(broken).toEqual([{ id: 'broken', reason: expect.stringContaining('run.json: "schema" Invalid input') }]);
    for (const file of readdirSync(fresh.path)) if (file.startsWith('lock.')) rmSync(join(fresh.path, file));
    expect((await listRuns(runsDir)).runs[0]?.record.status).toBe('interrupted');
    expect((await findRun('latest', runsDir)).record.id).toBe(fresh.id);
    expect((await findRun('2026-01', runsDir)).record.id).toBe(old.id);
    await expect(findRun('2026', runsDir)).rejects.toThrow('"2026" fits 2 runs');
    await expect(findRun('2025', runsDir)).rejects.toThrow('there is no run "2025"');
    await fresh.interrupt();
  });

  test('a folder that is not there holds no runs', async () => {
    expect(await listRuns(join(runsDir, 'none'))).toEqual({ runs: [], broken: [] });
  });
});

test('killed twenty times at random instants, no item is lost or repeated', { timeout: 120_000 }, async () => {
  const run = await start();
  await run.interrupt();
  const target = 40_000;
  const { kills, hitWrites, lost, numbers } = await killAndResume(run, { target, kills: 20 });
  expect({ kills, lost }).toEqual({ kills: 20, lost: 0 });
  // Otherwise the kills fell where nothing could go wrong.
  expect(hitWrites).toBeGreaterThan(1);
  expect(numbers).toEqual(Array.from({ length: target }, (_, i) => i));
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
  expect(locksOf(run.path)).toEqual([]);
});

test('work that does not heed the first signal is ended by the second, with exit code 130', async () => {
  const source = JSON.stringify(join(import.meta.dirname, '../../src/kit/runs/index.ts'));
  const script = `import { writeSync } from 'node:fs';
    const { withInterrupt } = await import(${source});
    await withInterrupt(async signal => {
      signal.addEventListener('abort', () => writeSync(1, 'aborted'));
      writeSync(1, 'ready');
      await new Promise(resolve => setTimeout(resolve, 600_000));
    });`;
  for (const first of ['SIGINT', 'SIGTERM'] as const) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    expect(String((await once(child.stdout, 'data'))[0])).toBe('ready');
    child.kill(first);
    expect(String((await once(child.stdout, 'data'))[0])).toBe('aborted');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  }
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
      expect(readdirSync(run.path).filter(file => !file.startsWith('lock.'))).toEqual(['items.jsonl', 'run.json']);
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

test('the digest of a file is SHA-256', async () => {
  const path = join(runsDir, 'abc');
  writeFileSync(path, 'abc');
  // FIPS 180-2, appendix B.1.
  expect(await digestFile(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  await expect(digestFile(join(runsDir, 'none'))).rejects.toThrow('none: no such file or folder');
});

test('without git there is no commit, and the run begins all the same', async () => {
  vi.stubEnv('PATH', join(runsDir, 'nothing-here'));
  try {
    const run = await start();
    expect(run.record.provenance.commit).toBeNull();
    await run.interrupt();
  } finally {
    vi.unstubAllEnvs();
  }
});
