import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readBenchRun } from '../../src/jobs/bench/index.ts';
import { type HostileServer, KEY, startHostileServer, WAYS } from './hostile-server.ts';
import { picture } from './official-folder.ts';
import { makeQuestion } from './questions.ts';

const BIOLENS = resolve(import.meta.dirname, '../../bin/biolens.js');
const QUESTIONS = 6;
/** How long a server may misbehave before Ctrl-C. */
const PATIENCE_MS = 1200;
const MOST_MS = 2000;
const MOST_MB = 512;

const folder = mkdtempSync(join(tmpdir(), 'biolens-hostile-'));
let server: HostileServer;
beforeAll(async () => {
  server = await startHostileServer();
  await mkdir(join(folder, 'bench'));
  const questions = [];
  for (let i = 0; i < QUESTIONS; i++) {
    await writeFile(join(folder, 'bench', `${i}.png`), await picture(i));
    questions.push(makeQuestion({ id: `q/${i}`, paths: [`${i}.png`] }));
  }
  await writeFile(join(folder, 'bench', 'questions.jsonl'), questions.map(one => `${JSON.stringify(one)}\n`).join(''));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** From the signal to the end; null where it ended by itself. */
  readonly stoppedMs: number | null;
  /** Highest resident memory; null where the system does not tell. */
  readonly peakMb: number | null;
}

function peakOf({ pid }: ChildProcess): number | null {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? null : Number(found[1]) / 1024;
  } catch {
    return null;
  }
}

/** Runs the command line; with `interrupt`, Ctrl-C some time after the first request. */
async function biolens(args: readonly string[], { interrupt }: { readonly interrupt: boolean }): Promise<Ended> {
  const before = server.requests;
  const child = spawn(process.execPath, [BIOLENS, ...args], {
    env: { ...process.env, OPENAI_COMPATIBLE_API_KEY: KEY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => (output += String(piece)));
  let peakMb: number | null = null;
  let signalled: number | null = null;
  let firstRequest: number | null = null;
  const timer = setInterval(() => {
    const peak = peakOf(child);
    if (peak !== null) peakMb = Math.max(peakMb ?? 0, peak);
    if (server.requests > before) firstRequest ??= performance.now();
    if (!interrupt || signalled !== null || firstRequest === null) return;
    if (performance.now() - firstRequest < PATIENCE_MS) return;
    signalled = performance.now();
    child.kill('SIGINT');
  }, 20);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  const stoppedMs = signalled === null ? null : performance.now() - signalled;
  return { code: z.number().nullable().parse(code), output, stoppedMs, peakMb };
}

/** The key, and its percent- and JSON-escaped forms, with the hexadecimal digits in either case. */
const FORMS = [
  KEY,
  encodeURIComponent(KEY),
  ...['\\u', '\\\\u'].map(prefix =>
    Array.from(KEY, c => `${prefix}${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  ),
].map(form => form.toLowerCase());

function checkNoKey(text: string, where: string): void {
  const lower = text.toLowerCase();
  for (const form of FORMS) expect(lower.includes(form), `${where} holds the key as ${form}`).toBe(false);
}

const worst = { stoppedMs: 0, peakMb: 0 };
afterAll(() =>
  process.stdout.write(`slowest stop ${Math.round(worst.stoppedMs)} ms, peak ${Math.round(worst.peakMb)} MB\n`),
);

test('there are at least 30 ways', () => expect(Object.keys(WAYS).length).toBeGreaterThanOrEqual(30));

describe.each([
  ['plain', ['--setting', 'zero-shot']],
  ['tools', ['--setting', 'tools', '--no-control']],
] as const)('%s', (path, setting) => {
  test.each(Object.entries(WAYS))('a server that %s', async (way, behave) => {
    const runsDir = join(folder, `${path}-${way.replace(/[^a-z0-9]+/gi, '-')}`);
    server.behave = behave;
    const start = ['bench', 'run', '--from', join(folder, 'bench'), '--model', `openai-compatible:${server.baseUrl}#m`];
    const first = await biolens([...start, ...setting, '--runs-dir', runsDir, '--no-lint'], { interrupt: true });
    worst.stoppedMs = Math.max(worst.stoppedMs, first.stoppedMs ?? 0);
    worst.peakMb = Math.max(worst.peakMb, first.peakMb ?? 0);
    if (first.stoppedMs !== null) expect(first.stoppedMs, first.output).toBeLessThan(MOST_MS);
    if (first.peakMb !== null) expect(first.peakMb).toBeLessThan(MOST_MB);
    expect([0, 2, 3, 130], first.output).toContain(first.code);
    expect(first.output).not.toMatch(/\n\s+at /);
    expect(server.strayed(), 'no question went elsewhere').toBe(0);

    server.behave = null;
    const [id = ''] = readdirSync(runsDir);
    if (first.code !== 0) {
      const resumed = await biolens(['runs', 'resume', id, '--runs-dir', runsDir], { interrupt: false });
      expect(resumed.code, resumed.output).toBe(0);
      expect(resumed.peakMb ?? 0).toBeLessThan(MOST_MB);
      checkNoKey(resumed.output, 'the output');
    }
    const run = await readBenchRun(join(runsDir, id));
    expect(run.record.status).toBe('done');
    expect(run.answers).toHaveLength(QUESTIONS);
    expect(run.report?.items).toHaveLength(QUESTIONS);
    checkNoKey(first.output, 'the output');
    for (const file of ['run.json', 'items.jsonl', 'report.json', 'report.html'])
      if (existsSync(join(runsDir, id, file))) checkNoKey(readFileSync(join(runsDir, id, file), 'utf8'), file);
    rmSync(runsDir, { recursive: true, force: true });
  });
});
