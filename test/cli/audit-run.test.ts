import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditReportSchema } from '../../src/ground/contracts/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { biolens } from './biolens.ts';

const bin = join(import.meta.dirname, '../../bin/biolens.js');
const folder = mkdtempSync(join(tmpdir(), 'biolens-audit-'));
const [training, generated] = [join(folder, 'training'), join(folder, 'generated')];

beforeAll(async () => {
  for await (const _ of renderFaces(training, { n: 100, size: 64, seed: 1, skew: { gender: { male: 0.7 } } }));
  for await (const _ of renderFaces(generated, { n: 100, size: 64, seed: 2, skew: { gender: { male: 0.9 } } }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', chunk => {
    out += String(chunk);
  });
  child.stderr.on('data', chunk => {
    err += String(chunk);
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, out, err })) };
}

const args = (runsDir: string): string[] => [
  ...['audit', '--train', training, '--generated', generated, '--embedder', 'appearance'],
  ...['--runs-dir', runsDir, '--seed', '5'],
];
const audit = (runsDir: string, ...more: string[]) => start(...args(runsDir), ...more);

const itemsOf = (runsDir: string): string[] => {
  const [run] = existsSync(runsDir) ? runsIn(runsDir) : [];
  const path = join(runsDir, run ?? '', 'items.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
};

async function untilItems(runsDir: string, count: number, child: ChildProcess): Promise<void> {
  while (itemsOf(runsDir).length < count) {
    if (child.exitCode !== null) throw new Error(`the audit ended with ${child.exitCode} before ${count} items`);
    await sleep(25);
  }
}

/** Runs of a folder; readings that are kept stand beside them. */
function runsIn(runsDir: string): string[] {
  return readdirSync(runsDir).filter(name => !name.startsWith('.'));
}

const runOf = (runsDir: string) => runsIn(runsDir)[0] ?? '';

describe('an audit as a run', () => {
  const whole = join(folder, 'whole');

  test('prints its result as JSON, and keeps it with a page', async () => {
    const { code, out, err } = await audit(whole, '--json').ended;
    expect(err.split('\n').filter(line => line.startsWith('biolens:'))).toEqual([]);
    expect(code).toBe(0);
    const report = auditReportSchema.parse(JSON.parse(out));
    expect(report.bias.attributes.gender?.training.male).toMatchObject({ value: 0.7, n: 100 });
    expect(report.bias.attributes.gender?.generated.male?.value).toBeCloseTo(0.9, 6);
    expect(report.replication.pairs).toHaveLength(100);
    const path = join(whole, runOf(whole));
    expect(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8'))).toEqual(JSON.parse(out));
    expect(readFileSync(join(path, 'report.html'), 'utf8')).toContain('biolens-report');
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'stopped by %s it is resumed to the same result, no image read twice',
    async signal => {
      const runsDir = join(folder, signal);
      const { child, ended } = audit(runsDir);
      await untilItems(runsDir, 20, child);
      child.kill(signal);
      const stopped = await ended;
      const before = itemsOf(runsDir);
      expect(before.length).toBeLessThan(200);
      if (signal === 'SIGINT') {
        expect(stopped.code).toBe(130);
        expect(stopped.err).toContain(`interrupted; biolens runs resume ${runOf(runsDir)} resumes the run`);
      }
      const listed = await biolens('runs', 'list', '--runs-dir', runsDir, '--json');
      expect(JSON.parse(listed.out).runs[0].status).toBe('interrupted');
      const resumed = await start('runs', 'resume', 'latest', '--runs-dir', runsDir, '--json').ended;
      expect(resumed.code).toBe(0);
      const after = itemsOf(runsDir);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after).toHaveLength(200);
      expect(new Set(after.map(line => `${JSON.parse(line).set}/${JSON.parse(line).file}`)).size).toBe(200);
      expect(JSON.parse(resumed.out)).toEqual(
        JSON.parse(readFileSync(join(whole, runOf(whole), 'report.json'), 'utf8')),
      );
    },
  );

  test('rerun repeats it from its configuration, to the same numbers', async () => {
    const again = await biolens('runs', 'rerun', runOf(whole), '--runs-dir', whole, '--json');
    expect(again.code).toBe(0);
    expect(runsIn(whole)).toHaveLength(2);
    const [first, second] = runsIn(whole).map(run => JSON.parse(readFileSync(join(whole, run, 'report.json'), 'utf8')));
    expect(second).toEqual(first);
  });

  test('a gate that holds ends with 1, after the result', async () => {
    const gate = ['--fail-on', 'bias.attributes.gender.generated.male>0.8', '--blur'];
    const { code, out, err } = await biolens(...args(join(folder, 'gate')), ...gate);
    expect(code).toBe(1);
    expect(out).toContain('Report: ');
    expect(err).toContain('biolens: --fail-on bias.attributes.gender.generated.male>0.8: it is 0.9');
  });

  test('every line of the text fits 80 columns, but for paths', async () => {
    const { out } = await biolens('runs', 'show', runOf(whole), '--runs-dir', whole);
    const long = out.split('\n').filter(line => [...line].length > 80 && !line.includes(folder));
    expect(long).toEqual([]);
  });
});
