import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findJob } from '../../src/app/jobs.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { buildBenchmark } from '../../src/jobs/bench/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { openShardPlan, openShards } from '../../src/kit/job/index.ts';
import { biolens } from '../cli/biolens.ts';
import { writeToneClassifier, writeTones } from '../study/folder.ts';
import { onlyRun, reportOf } from './read-runs.ts';

const bin = join(import.meta.dirname, '../../bin/biolens.js');
const root = mkdtempSync(join(tmpdir(), 'biolens-shards-'));
const at = (name: string): string => join(root, name);

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

let tone = '';
beforeAll(async () => {
  await drain(renderFaces(at('training'), { n: 24, size: 32, seed: 1 }));
  await drain(renderFaces(at('generated'), { n: 18, size: 32, seed: 2 }));
  await drain(renderFaces(at('people'), { n: 40, identities: 10, size: 64, seed: 4, masks: at('people-masks') }));
  await drain(buildBenchmark({ from: at('people'), to: at('quiz'), perTask: 2 }));
  await writeTones(at('tones'), { n: 40 });
  for (const file of readdirSync(at('training')).filter(name => name.endsWith('.png'))) {
    const person = `person-${Number(file.slice(0, -4)) % 6}`;
    cpSync(join(at('training'), file), join(at('by-person'), person, file));
  }
  tone = await writeToneClassifier(at('model'));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const AUDIT = () =>
  `audit --train ${at('training')} --generated ${at('generated')} --embedder appearance --attribute gender --permutations 99`;
/** A command of each kind of run, and the numbers of shards that it is dealt to. */
const COMMANDS: Readonly<Record<string, readonly [() => string, readonly number[]]>> = {
  audit: [AUDIT, [1, 3]],
  bench: [() => `bench run --from ${at('quiz')} --model random`, [3]],
  verification: [() => `faces verify ${at('by-person')} --embedder appearance`, [2]],
  study: [
    () =>
      `study bias-by-size --images ${at('tones')} --classifier ${tone} --attribute tone --kinds gan --sizes 8,12 --size 8 --steps 6 --batch 4 --samples 16`,
    [2],
  ],
};

/** Plans a run. @returns its folder */
async function plan(command: string, shards: number, runsDir: string): Promise<string> {
  const { code, out, err } = await biolens(
    ...command.split(' '),
    '--runs-dir',
    runsDir,
    '--plan',
    String(shards),
    '--json',
  );
  expect(code, err).toBe(0);
  return JSON.parse(out).path;
}

/** Makes all shards of a run with its job opened once, as a worker of a queue does. */
async function makeAll(path: string): Promise<void> {
  const { record, plan } = await openShardPlan(path);
  const job = findJob(record.kind);
  const opening = openShards(job, path, { environment: {} });
  let step = await opening.next();
  while (!step.done) step = await opening.next();
  await using maker = step.value;
  for (const shard of plan.shards.keys()) await drain(maker.make(shard));
}

const work = (path: string, shard: number) => biolens('worker', '--plan', path, '--shard', String(shard), '--json');
const idOf = (path: string): string => path.split('/').at(-1) ?? '';
const itemsOf = (path: string): string[] => readFileSync(join(path, 'items.jsonl'), 'utf8').split('\n').slice(0, -1);

async function reduce(path: string): Promise<void> {
  const { code, err } = await biolens('runs', 'reduce', idOf(path), '--runs-dir', join(path, '..'), '--json');
  expect(code, err).toBe(0);
}

const missing = async (path: string): Promise<string> =>
  (await biolens('runs', 'missing', idOf(path), '--runs-dir', join(path, '..'))).out.trim();

describe('shards of a run', () => {
  test.each(Object.keys(COMMANDS))(
    '%s: any number of shards and none end at the same report',
    { timeout: 240_000 },
    async kind => {
      const [commandOf, counts] = COMMANDS[kind]!;
      const command = commandOf();
      const runsDir = at(`runs-${kind}`);
      const { code, err } = await biolens(...command.split(' '), '--runs-dir', runsDir, '--json');
      expect(code, err).toBe(0);
      const whole = reportOf(onlyRun(runsDir));
      for (const shards of counts) {
        const path = await plan(command, shards, at(`runs-${kind}-${shards}`));
        const planned = JSON.parse(readFileSync(join(path, 'plan.json'), 'utf8'));
        if (shards === counts.at(-1)) await makeAll(path);
        else for (const shard of planned.shards.keys()) expect((await work(path, shard)).err).not.toContain('biolens:');
        await reduce(path);
        expect(reportOf(path)).toEqual(whole);
        expect(existsSync(join(path, 'report.html'))).toBe(true);
        // What is in the run need not lie beside it twice.
        expect(existsSync(join(path, 'shards'))).toBe(false);
      }
    },
  );

  test('what is missing is told as a scheduler takes it, and there is no report before', async () => {
    const path = await plan(AUDIT(), 5, at('missing'));
    expect(await missing(path)).toBe('0-4');
    await work(path, 1);
    expect(await missing(path)).toBe('0,2-4');
    const early = await biolens('runs', 'reduce', idOf(path), '--runs-dir', at('missing'));
    expect([early.code, early.err]).toEqual([2, expect.stringContaining('4 of 5 shards are missing: 0,2-4')]);
    for (const shard of [0, 2, 3, 4]) await work(path, shard);
    expect(await missing(path)).toBe('');
    // Doing one again changes nothing.
    const before = readFileSync(join(path, 'shards/0003/items.jsonl'));
    expect((await work(path, 3)).code).toBe(0);
    expect(readFileSync(join(path, 'shards/0003/items.jsonl'))).toEqual(before);
    await reduce(path);
    expect(new Set(itemsOf(path)).size).toBe(42);
    expect((await work(path, 3)).code).toBe(0);
  });

  test('a run that was planned can be resumed without a worker, and takes what workers made', async () => {
    const path = await plan(AUDIT(), 3, at('resumed'));
    await work(path, 2);
    const { code, err } = await biolens('runs', 'resume', idOf(path), '--runs-dir', at('resumed'), '--json');
    expect(code, err).toBe(0);
    expect(itemsOf(path)).toHaveLength(42);
  });

  test('killed at random instants and two at a time, each item is made once', { timeout: 240_000 }, async () => {
    const stream = openStream(randomKey(13));
    const path = await plan(AUDIT(), 2, at('killed'));
    const start = (shard: number): ChildProcess =>
      spawn(process.execPath, [bin, 'worker', '--plan', path, '--shard', String(shard)], { stdio: 'ignore' });
    for (let kills = 0; kills < 4; kills++) {
      const children = [start(kills % 2), start(kills % 2)];
      await sleep(600 + stream.uniform() * 900);
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(child => child.exitCode ?? child.signalCode ?? once(child, 'close')));
    }
    const both = [0, 1].map(start);
    await Promise.all(both.map(child => once(child, 'close')));
    for (const shard of [0, 1]) expect((await work(path, shard)).code).toBe(0);
    await reduce(path);
    const keys = itemsOf(path).map(line => `${JSON.parse(line).set}/${JSON.parse(line).file}`);
    expect([keys.length, new Set(keys).size]).toEqual([42, 42]);
  });

  describe('what does not belong together is refused', () => {
    test('a shard that the plan has not, a run without a plan, generated images that are not there', async () => {
      const path = await plan(AUDIT(), 2, at('refused'));
      const tooFar = await work(path, 2);
      expect([tooFar.code, tooFar.err]).toEqual([2, 'biolens: "shard" expected 0 to 1, got 2\n']);
      await biolens('runs', 'resume', idOf(path), '--runs-dir', at('refused'));
      rmSync(join(path, 'plan.json'));
      const unplanned = await work(path, 0);
      expect([unplanned.code, unplanned.err]).toEqual([2, expect.stringContaining('this run has no plan of shards')]);
      const sampled = await biolens(
        ...`audit --train ${at('training')} --embedder appearance --plan 2 --runs-dir ${at('sampled')}`.split(' '),
        '--sample-with',
        'true {n} {seed} {dir}',
      );
      expect([sampled.code, sampled.err]).toEqual([2, expect.stringContaining('generate them first')]);
    });

    test('what is about the report, which the plan does not make', async () => {
      for (const [flag, ...values] of [['--fail-on', 'replication.copied>0.1'], ['--blur']]) {
        const words = [...AUDIT().split(' '), '--plan', '2', '--runs-dir', at('report'), flag!, ...values];
        const { code, err } = await biolens(...words);
        expect([code, err]).toEqual([
          2,
          expect.stringContaining(`biolens: ${flag} is about the report: give it to biolens runs reduce`),
        ]);
      }
      expect(existsSync(at('report'))).toBe(false);
    });

    test('what holds for a whole run: a budget', async () => {
      const { code, err } = await biolens(
        ...`bench run --from ${at('quiz')} --model random --budget-tokens 9 --plan 2 --runs-dir ${at('budget')}`.split(
          ' ',
        ),
      );
      expect([code, err]).toEqual([2, expect.stringContaining('a budget would hold for each shard alone')]);
      // What could not be planned leaves no run behind.
      expect(readdirSync(at('budget'))).toEqual([]);
    });

    test('an input that has changed since it was planned', async () => {
      cpSync(at('generated'), at('changing'), { recursive: true });
      const path = await plan(AUDIT().replace(at('generated'), at('changing')), 2, at('changed'));
      rmSync(at('changing/000003.png'));
      const { code, err } = await work(path, 0);
      expect([code, err]).toEqual([2, expect.stringContaining('the inputs are not those that were planned')]);
    });

    test('a plan or a shard that a stranger has changed', async () => {
      const path = await plan(AUDIT(), 2, at('forged'));
      await work(path, 0);
      const record = JSON.parse(readFileSync(join(path, 'shards/0000/run.json'), 'utf8'));
      const forged = { ...record, configuration: { ...record.configuration, seed: 7 } };
      writeFileSync(join(path, 'shards/0000/run.json'), JSON.stringify(forged));
      expect((await work(path, 0)).err).toContain('a shard of another configuration');
      writeFileSync(join(path, 'shards/0000/run.json'), JSON.stringify(record));
      // A link among the artifacts of a shard is not followed.
      await work(path, 1);
      cpSync(at('tones'), join(path, 'shards/0001/artifacts'), { recursive: true });
      symlinkSync('/etc/hostname', join(path, 'shards/0001/artifacts/link'));
      await reduce(path);
      expect(readdirSync(join(path, 'artifacts'))).toContain('labels.csv');
      expect(readdirSync(join(path, 'artifacts'))).not.toContain('link');
      for (const [text, why] of [
        ['{', 'plan.json'],
        ['{"schema":"biolens/shard-plan@1"}', '"run"'],
        [JSON.stringify({ ...JSON.parse(readFileSync(join(path, 'plan.json'), 'utf8')), shards: [0, 0] }), '"shards"'],
      ]) {
        writeFileSync(join(path, 'plan.json'), text!);
        const { code, err } = await work(path, 0);
        expect([code, err]).toEqual([2, expect.stringContaining(why!)]);
      }
    });
  });
});
