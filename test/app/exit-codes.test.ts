import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRun } from '../../src/kit/runs/index.ts';
import { temporaryFolder } from '../faces/models.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Code that runs before the command line, as a fault of a library would. */
const before = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

describe.skipIf(process.platform === 'win32')('exit code 1 is for gates alone (not on Windows)', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const run = await createRun({ kind: 'audit', runsDir: folder.path, seed: 1, configuration: {} });
    await run.interrupt();
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const start = (
    args: readonly string[],
    {
      node = [],
      stdout = 'ignore',
      env = {},
      bin = join(ROOT, 'bin/biolens.js'),
    }: {
      readonly node?: readonly string[];
      readonly stdout?: 'ignore' | 'pipe' | number;
      readonly env?: Readonly<Record<string, string>>;
      readonly bin?: string;
    } = {},
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
    const child = spawn(process.execPath, [...node, bin, ...args], {
      // Standard input stays open: the server of `biolens mcp` ends with it.
      stdio: ['pipe', stdout, 'pipe'],
      env: { ...process.env, BIOLENS_DEBUG: '', ...env },
    });
    let err = '';
    child.stderr?.on('data', chunk => {
      err += chunk;
    });
    return { child, ended: once(child, 'close').then(([code]) => ({ code, err })) };
  };
  const list = (): string[] => ['runs', 'list', '--runs-dir', folder.path];
  const serve = (): string[] => ['mcp', '--runs-dir', folder.path];

  test.each([
    [
      'an error that nothing catches',
      "setTimeout(() => { throw new Error('two\\nlines') }, 50)",
      'unexpected: two lines',
    ],
    ['a promise that nothing waits for', "setTimeout(() => Promise.reject(new Error('lost')), 50)", 'unexpected: lost'],
    [
      'something thrown that is no error',
      "setTimeout(() => { throw '' }, 50)",
      'unexpected: an error without a message',
    ],
    [
      'memory that cannot be had',
      'setTimeout(() => new ArrayBuffer(2 ** 52), 50)',
      'out of memory: Array buffer allocation failed',
    ],
    ['a worker without memory', workerOutOfMemory(), /^biolens: out of memory: .*memory limit.*\n$/],
  ])('%s: 3, and one line', async (_what, code, line) => {
    const { code: status, err } = await start(serve(), { node: before(code) }).ended;
    expect(err).toEqual(typeof line === 'string' ? `biolens: ${line}\n` : expect.stringMatching(line));
    expect(status).toBe(3);
  });

  test('work that waits for what never comes: 3, and one line', async () => {
    const guard = pathToFileURL(join(ROOT, 'src/app/cli/guard-exit.ts')).href;
    const code = `import { guardExit } from '${guard}'; guardExit(); await new Promise(() => {});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', chunk => {
      err += chunk;
    });
    const [status] = await once(child, 'close');
    expect(err).toContain('biolens: unexpected: ended before the work was over\n');
    expect(status).toBe(3);
  });

  test('with BIOLENS_DEBUG the stack is shown, and the code is the same', async () => {
    const { ended } = start(serve(), {
      node: before("setTimeout(() => { throw new Error('deep') }, 50)"),
      env: { BIOLENS_DEBUG: '1' },
    });
    const { code, err } = await ended;
    expect(err).toMatch(/^biolens: unexpected: Error: deep\n {4}at /);
    expect(code).toBe(3);
  });

  test('a copy that lacks its parts says so in one line', async () => {
    const copy = join(folder.path, 'copy');
    mkdirSync(copy);
    cpSync(join(ROOT, 'bin'), join(copy, 'bin'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
    const { code, err } = await start(['--version'], { bin: join(copy, 'bin/biolens.js') }).ended;
    expect(err).toMatch(/^biolens: cannot start: .*main\.js.*\n$/);
    expect(code).toBe(3);
  });

  test.skipIf(process.platform !== 'linux')(
    'a result that cannot be written is told, and no success (on Linux alone)',
    async () => {
      const full = openSync('/dev/full', 'w');
      try {
        expect(await start(list(), { stdout: full }).ended).toEqual({
          code: 3,
          err: 'biolens: standard output: no space left on the device\n',
        });
      } finally {
        closeSync(full);
      }
    },
  );

  test('a reader that has had enough ends nothing and is told nothing', async () => {
    const { child, ended } = start(list(), { stdout: 'pipe' });
    child.stdout?.destroy();
    expect(await ended).toEqual({ code: 0, err: '' });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s interrupts a run, which says so and can be resumed',
    async signal => {
      const runsDir = join(folder.path, signal);
      const drawn = join(folder.path, `drawn-${signal}`);
      await start(['faces', 'render', '-n', '12', '--size', '32', '-o', drawn]).ended;
      const train = ['diffusion', 'train', '--images', drawn, '--size', '8', '--channels', '8', '--steps', '100000'];
      const { child, ended } = start([...train, '-o', join(folder.path, `model-${signal}`), '--runs-dir', runsDir]);
      const record = (): { status?: string } => {
        try {
          return JSON.parse(readFileSync(join(runsDir, idOf(runsDir), 'run.json'), 'utf8'));
        } catch {
          return {};
        }
      };
      while (record().status !== 'running') await new Promise(resolve => setTimeout(resolve, 20));
      child.kill(signal);
      const { code, err } = await ended;
      expect(err).toContain('interrupted');
      expect([code, record().status]).toEqual([130, 'interrupted']);
    },
    60_000,
  );
});

const idOf = (runsDir: string): string => readdirSync(runsDir)[0] ?? '';

function workerOutOfMemory(): string {
  return `import { Worker } from 'node:worker_threads';
    new Worker('const a = []; for (;;) a.push(new Array(1e5).fill(a.length))', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } });`;
}
