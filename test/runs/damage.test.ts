import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { carryOut, createRun, findRun, listRuns, openRun, type Run } from '../../src/kit/runs/index.ts';
import { temporaryFolder } from '../faces/models.ts';

const itemSchema = z.strictObject({ file: z.string(), score: z.number() });
const ITEMS = [
  { file: 'a b\t.png', score: 0.25 },
  { file: 'ü.png', score: 1e-7 },
  { file: 'c.png', score: 3 },
];

describe('a run’s folder that something has happened to', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let count = 0;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const make = async (runsDir = join(folder.path, `runs-${count++}`)): Promise<Run> => {
    const run = await createRun({ kind: 'audit', runsDir, seed: 1, configuration: {} });
    for (const item of ITEMS) await run.append(item);
    return run;
  };

  describe('items.jsonl', () => {
    test('is plain JSON lines for other tools: each line is its item and nothing else', async () => {
      const run = await make();
      await run.interrupt();
      const text = readFileSync(join(run.path, 'items.jsonl'), 'utf8');
      expect(
        text
          .trimEnd()
          .split('\n')
          .map(line => JSON.parse(line)),
      ).toEqual(ITEMS);
      expect(await Array.fromAsync(run.items(itemSchema))).toEqual(ITEMS);
    });

    test('every single changed byte is noticed, and the line is named', async () => {
      const run = await make();
      await run.interrupt();
      const file = join(run.path, 'items.jsonl');
      const whole = readFileSync(file);
      const lineOf = (at: number): number => whole.subarray(0, at).filter(byte => byte === 10).length + 1;
      for (let at = 0; at < whole.length - 1; at++) {
        for (const change of [1, 2, 4, 16, 32, 41]) {
          const changed = Buffer.from(whole);
          changed[at] = whole[at]! ^ change;
          writeFileSync(file, changed);
          const read = Array.fromAsync(run.items(itemSchema));
          await expect(read, `byte ${at} changed by ${change}`).rejects.toThrow(
            new RegExp(`items\\.jsonl: line ${lineOf(at)}\\b`),
          );
        }
      }
      writeFileSync(file, whole);
      expect(await Array.fromAsync(run.items(itemSchema))).toHaveLength(3);
    });

    test('without checksums, as earlier versions wrote it, it is read and added to', async () => {
      const run = await make();
      await run.interrupt();
      const file = join(run.path, 'items.jsonl');
      writeFileSync(file, ITEMS.map(item => `${JSON.stringify(item)}\n`).join(''));
      const again = await openRun(run.path);
      await again.append({ file: 'd.png', score: 4 });
      await again.interrupt();
      expect(await Array.fromAsync(again.items(itemSchema))).toHaveLength(4);
      expect(
        readFileSync(file, 'utf8')
          .split('\n')
          .map(line => line.length - line.trimEnd().length),
      ).toEqual([0, 0, 0, 32, 0]);
    });
  });

  describe('run.json', () => {
    test.each([
      ['cut short', (text: string) => text.slice(0, 100), 'not JSON: it ends too early'],
      ['empty', () => '', 'an empty file'],
      [
        'zeroed',
        (text: string) => '\0'.repeat(text.length),
        'not JSON: it has bytes of zeros, as after a loss of power',
      ],
      [
        'nested without end',
        () => `{"configuration":${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
        'nested more than 200 deep',
      ],
    ])('%s: the run is told of, in words', async (_what, change, why) => {
      const run = await make();
      await run.interrupt();
      const file = join(run.path, 'run.json');
      writeFileSync(file, change(readFileSync(file, 'utf8')));
      const runsDir = join(run.path, '..');
      for (const id of [run.id, 'audit'])
        await expect(findRun(id, runsDir)).rejects.toThrow(`run ${run.id} cannot be read: ${file}: ${why}`);
      await expect(openRun(run.path)).rejects.toMatchObject({ code: 'input', message: `${file}: ${why}` });
      // Another run of the folder is found as ever.
      const other = await make(runsDir);
      await other.interrupt();
      expect((await findRun('latest', runsDir)).record.id).toBe(other.id);
      expect((await findRun(other.id, runsDir)).record.id).toBe(other.id);
    });

    test.skipIf(process.platform === 'win32')(
      'that is a pipe, or huge, is refused before it is opened (not on Windows)',
      async () => {
        const runsDir = join(folder.path, 'pipes');
        mkdirSync(join(runsDir, 'pipe'), { recursive: true });
        mkdirSync(join(runsDir, 'huge'));
        execFileSync('mkfifo', [join(runsDir, 'pipe/run.json')]);
        writeFileSync(join(runsDir, 'huge/run.json'), '');
        truncateSync(join(runsDir, 'huge/run.json'), 2 ** 40);
        const { runs, broken } = await listRuns(runsDir);
        expect(runs).toEqual([]);
        expect(broken.map(({ reason }) => reason.replace(/^.*: /, '')).sort()).toEqual([
          `${2 ** 40} bytes, expected at most ${2 ** 24}`,
          'not a plain file',
        ]);
      },
    );
  });

  test.skipIf(process.platform === 'win32')('only its owner may read a run (not on Windows)', async () => {
    const run = await make();
    await run.writeArtifact('sheets/a.png', 'image');
    await run.complete({ schema: 'toy' });
    const modeOf = (name: string): string => (statSync(join(run.path, name)).mode & 0o777).toString(8);
    expect(['.', 'artifacts', 'artifacts/sheets'].map(modeOf)).toEqual(['700', '700', '700']);
    expect(['run.json', 'items.jsonl', 'report.json', 'artifacts/sheets/a.png'].map(modeOf)).toEqual(
      Array(4).fill('600'),
    );
  });

  test.skipIf(process.platform !== 'linux')('a zombie holds no lock (on Linux alone)', async () => {
    const run = await make();
    // The lock of a process that has ended and whose parent never asks how.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$; read _ < /proc/\\$\\$/stat; exit" & exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [chunk] = await Array.fromAsync(
        (async function* () {
          for await (const data of parent.stdout) return void (yield String(data));
        })(),
      );
      const pid = Number(chunk);
      const stateOf = (): string => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
      while (stateOf() !== 'Z') await new Promise(resolve => setTimeout(resolve, 5));
      await run.interrupt();
      writeFileSync(join(run.path, `lock.${pid}.0.${encodeURIComponent(hostname())}`), '');
      const again = await openRun(run.path);
      await again.interrupt();
      expect(existsSync(join(run.path, `lock.${pid}.0.${encodeURIComponent(hostname())}`))).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  describe('what is done before a run says that it is done', () => {
    async function* work(): AsyncGenerator<never, { readonly n: number }> {
      yield* [];
      return { n: 1 };
    }
    const statusOf = async (run: Run) => (await findRun(run.id, join(run.path, '..'))).record.status;

    test('an interruption leaves a run that can be resumed, with its report', async () => {
      const run = await make();
      const { BiolensError } = await import('../../src/ground/errors.ts');
      const interrupted = new BiolensError('interrupted', 'interrupted');
      const steps = carryOut(run, work, () => Promise.reject(interrupted));
      await expect(Array.fromAsync(steps)).rejects.toBe(interrupted);
      expect(await statusOf(run)).toBe('interrupted');
      expect(JSON.parse(readFileSync(join(run.path, 'report.json'), 'utf8'))).toEqual({ n: 1 });
    });

    test('any other error is told, and the run is done', async () => {
      const run = await make();
      const error = new Error('the pages have not been built');
      await expect(Array.fromAsync(carryOut(run, work, () => Promise.reject(error)))).rejects.toBe(error);
      expect(await statusOf(run)).toBe('done');
    });
  });
});
