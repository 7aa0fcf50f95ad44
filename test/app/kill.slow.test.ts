import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';
import { buildBenchmark } from '../../src/jobs/bench/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { makePhantom, scanPhantom, UNCHANGED } from '../audit-medical/phantom.ts';
import { niftiOf } from '../audit-medical/write-nifti.ts';
import { inventText } from '../audit-text/invent-text.ts';
import { drawClip } from '../audit-video/draw-clips.ts';
import { makeDigits } from '../federated/small-digits.ts';
import { writeFrames } from '../video/parts.ts';

/**
 * Kills of each kind of run: half of them while it works, the others between its report and its end. A kind by itself:
 * `npm run test:slow -- test/app/kill.slow.test.ts -t '^.*study, '`.
 */
const KILLS = Number(process.env.BIOLENS_TEST_KILLS ?? 20);

const fixtures = join(import.meta.dirname, 'fixtures/runs-of-1a60878/files');
const bin = join(import.meta.dirname, '../../bin/biolens.js');
const root = mkdtempSync(join(tmpdir(), 'biolens-kills-'));
const at = (name: string): string => join(root, name);
const stream = openStream(foldIn(randomKey(2026), 'kills of runs'));

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

beforeAll(async () => {
  cpSync(fixtures, root, { recursive: true });
  await drain(renderFaces(at('drawn'), { n: 60, size: 32, seed: 1 }));
  await drain(renderFaces(at('heldout'), { n: 60, size: 32, seed: 2 }));
  await drain(renderFaces(at('samples'), { n: 40, size: 32, seed: 3 }));
  await drain(renderFaces(at('people'), { n: 60, identities: 15, size: 64, seed: 4, masks: at('people-masks') }));
  await drain(renderFaces(at('visitors'), { n: 30, identities: 15, size: 64, seed: 4 }));
  await drain(buildBenchmark({ from: at('people'), to: at('quiz'), perTask: 2 }));
  cpSync(makeDigits(), at('digits'), { recursive: true });
  const write = (folder: string, files: Readonly<Record<string, string | Uint8Array>>): void => {
    mkdirSync(at(folder));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(at(folder), name), content);
  };
  const texts = (n: number, seed: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`${i}.txt`, inventText(seed + i, 2000)]));
  write('corpus', texts(40, 1));
  write('texts', { ...texts(12, 1000), 'copy.txt': inventText(3, 2000) });
  const scans = (n: number, seed: number) =>
    Object.fromEntries(
      Array.from({ length: n }, (_, i) => {
        const values = scanPhantom(makePhantom(seed + i), 16, UNCHANGED);
        return [`${i}.nii`, niftiOf([16, 16, 16], Float64Array.from(values))];
      }),
    );
  write('scans', scans(16, 1));
  write('made-scans', {
    ...scans(6, 100),
    ...Object.fromEntries(Object.entries(scans(2, 1)).map(([name, scan]) => [`copy-${name}`, scan])),
  });
  for (const [folder, n, seed] of [
    ['clips', 10, 1],
    ['made-clips', 4, 8],
  ] as const)
    for (let i = 0; i < n; i++) {
      const clip = drawClip({ look: seed + i, motion: seed + i, width: 48, height: 36 });
      await writeFrames(
        join(at(folder), String(i)),
        Array.from({ length: 8 }, (_, k) => clip.frame(k / 4)),
      );
    }
}, 240_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Command lines by kind of run; `@` stands for the folder of this test. */
const KINDS: Readonly<Record<string, string>> = {
  audit:
    'audit --train @drawn --generated @samples --heldout @heldout --embedder appearance --attribute gender --permutations 99',
  bench: 'bench run --from @quiz --model specialist --concurrency 1',
  diffusion:
    'diffusion train --images @drawn --size 8 --channels 8 --steps 120 --batch 16 --sheets 2 --checkpoint-seconds 0.2 --threads 1',
  gan: 'diffusion train --kind gan --images @drawn --size 8 --channels 8 --steps 120 --batch 16 --sheets 2 --checkpoint-seconds 0.2 --threads 1',
  mitigate: 'mitigate --config @mitigate.yaml',
  study: 'study bias-by-size --config @study.yaml',
  selection:
    'mitigate select --train @drawn --heldout @heldout --generator @model8 --replication --samples 16 --candidates 32 --keep 16 --embedder appearance --permutations 99',
  text: 'audit text --train @corpus --generated @texts',
  medical: 'audit medical --train @scans --generated @made-scans',
  video: 'audit video --train @clips --generated @made-clips --frame-rate 4',
  federate: 'federate simulate --task mnist --data @digits --model 2nn --clients 8 --fraction 0.5 --rounds 8',
  verification: 'faces verify @people --labels @people/labels.csv --embedder appearance',
  identification:
    'faces identify --gallery @people --probes @visitors --gallery-labels @people/labels.csv --probe-labels @visitors/labels.csv --embedder appearance',
  template:
    'template evaluate @people --labels @people/labels.csv --embedder appearance --scheme biohash --targets 2 --budget 20 --keys 1',
  attack:
    'template attack @people --labels @people/labels.csv --embedder appearance --scheme biohash --attack decisions --targets 2 --budget 20',
};

/** A process of the command line that can be killed. */
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>;
}

function start(args: readonly string[], runsDir: string): Started {
  const env = { ...process.env, XDG_CACHE_HOME: at('cache'), BIOLENS_DEBUG: '' };
  const child = spawn(process.execPath, [bin, ...args, '--runs-dir', runsDir, '--json'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  let err = '';
  child.stderr?.on('data', chunk => {
    err += chunk;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, err })) };
}

/** The run of a folder; what is kept beside runs begins with a dot. */
const runIn = (runsDir: string): string | undefined =>
  existsSync(runsDir) ? readdirSync(runsDir).find(name => !name.startsWith('.')) : undefined;
const pathIn = (runsDir: string): string => join(runsDir, runIn(runsDir) ?? '');
const statusOf = (path: string): string => JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')).status;
const hasReport = (runsDir: string): boolean => existsSync(join(pathIn(runsDir), 'report.json'));

/** Fields that tell how long something took, or when. */
const TIMES = /seconds|second$|^timing$|Ms$|latency|startedAt|endedAt|duration|perSecond|times?$/i;
const ANYWHERE = 'RUN';

/** A report without its times and without the name of its run. */
function timeless(value: unknown, id: string): unknown {
  if (typeof value === 'string') return value.replaceAll(id, ANYWHERE);
  if (Array.isArray(value)) return value.map(one => timeless(one, id));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (TIMES.test(name) ? [] : [[name, timeless(one, id)]])),
  );
}

/** What a file holds; where it is JSON, without times. */
function contentOf(file: string, id: string): Uint8Array | string {
  const bytes = readFileSync(file);
  return file.endsWith('.json') ? JSON.stringify(timeless(JSON.parse(bytes.toString('utf8')), id)) : bytes;
}

/** Digests of the files of a folder, by name. */
function digestsOf(folder: string, id: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map(file => [relative(folder, file), createHash('sha256').update(contentOf(file, id)).digest('hex')]),
  );
}

/** What a run that is done has made, as far as no clock decides it. */
function outcomeOf(path: string): unknown {
  const id = path.split('/').at(-1) ?? '';
  const report = timeless(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')), id);
  const html = readFileSync(join(path, 'report.html'), 'utf8');
  return { report, artifacts: digestsOf(join(path, 'artifacts'), id), page: html.includes('id="biolens-report"') };
}

describe.skipIf(process.platform === 'win32')('killed at random instants (not on Windows)', () => {
  beforeAll(() => {
    const json = (name: string, value: object) => writeFileSync(at(name), JSON.stringify(value));
    json('mitigate.yaml', {
      ...{ model: 'model8', training: 'drawn', heldout: 'heldout', replication: true, bias: { gender: [0.5, 0.5] } },
      ...{
        classifier: 'gender.onnx',
        embedder: 'appearance',
        noFace: 'whole',
        rounds: 2,
        samples: 16,
        auditSamples: 16,
      },
      ...{ steps: 40, batch: 8, samplingSteps: 4, permutations: 99 },
    });
    json('study.yaml', {
      ...{
        images: 'drawn',
        classifier: 'gender.onnx',
        attributes: ['gender'],
        sizes: [20, 30],
        kinds: ['gan', 'diffusion'],
      },
      ...{ imageSize: 8, budget: { unit: 'steps', value: 30 }, batchSize: 16, samples: 16 },
    });
  });

  test.each(Object.keys(KINDS))(
    `%s, ${KILLS} times: the report, the artifacts and the page are as if nothing had happened`,
    async kind => {
      const args = (KINDS[kind] ?? '').split(' ').map(word => (word.startsWith('@') ? at(word.slice(1)) : word));
      const folder = at(`runs-${kind}`);
      mkdirSync(folder);

      // Once without a kill: what has to come out, and how long it takes.
      const whole = join(folder, 'whole');
      const begun = performance.now();
      const reference = start(args, whole);
      while (runIn(whole) === undefined && reference.child.exitCode === null) await sleep(1);
      const created = performance.now();
      while (!hasReport(whole) && reference.child.exitCode === null) await sleep(1);
      const reported = performance.now();
      const { code, err } = await reference.ended;
      expect(code, err).toBe(0);
      const [opening, working, ending] = [created - begun, reported - created, performance.now() - reported];
      const expected = outcomeOf(pathIn(whole));

      const kills = { working: 0, ending: 0, afterDone: 0 };
      let count = 0;
      const resumed = (runsDir: string) => start(['runs', 'resume', 'latest'], runsDir);
      /** Kills a process after some time, unless it ends before; says where it was. */
      const kill = async ({ child, ended }: Started, runsDir: string, after: number): Promise<void> => {
        await Promise.race([sleep(after), ended]);
        if (child.exitCode === null) {
          child.kill('SIGKILL');
          await ended;
          kills[hasReport(runsDir) ? 'ending' : 'working']++;
        }
        const path = pathIn(runsDir);
        if (runIn(runsDir) === undefined || statusOf(path) !== 'done') return;
        if (child.signalCode !== null) kills.afterDone++;
        // A run that says that it is done has all that it should have.
        expect(outcomeOf(path)).toEqual(expected);
      };
      /** Lets a run come to its end. */
      const finish = async (runsDir: string): Promise<void> => {
        if (runIn(runsDir) === undefined) return;
        if (statusOf(pathIn(runsDir)) !== 'done') {
          const { code, err } = await resumed(runsDir).ended;
          expect(code, err).toBe(0);
        }
        expect(statusOf(pathIn(runsDir))).toBe('done');
        expect(outcomeOf(pathIn(runsDir))).toEqual(expected);
      };

      // While it works: a run is killed several times in a row.
      let late = '';
      while (kills.working < KILLS / 2 || (late === '' && KILLS > 0)) {
        const runsDir = join(folder, String(count++));
        await kill(start(args, runsDir), runsDir, opening + stream.uniform() * working);
        for (let i = 0; i < 2 && runIn(runsDir) !== undefined && statusOf(pathIn(runsDir)) !== 'done'; i++) {
          // The last state before the end, to kill from there again and again.
          if (!hasReport(runsDir)) {
            late = join(folder, 'late');
            rmSync(late, { recursive: true, force: true });
            cpSync(runsDir, late, { recursive: true });
          }
          await kill(resumed(runsDir), runsDir, opening + stream.uniform() * working);
        }
        await finish(runsDir);
        if (count > 10 * KILLS) throw new Error(`${JSON.stringify(kills)} in ${count} runs`);
      }

      // Between the report and the end.
      while (kills.ending < KILLS / 2) {
        const runsDir = join(folder, String(count++));
        cpSync(late, runsDir, { recursive: true });
        const process = resumed(runsDir);
        while (!hasReport(runsDir) && process.child.exitCode === null) await sleep(1);
        await kill(process, runsDir, stream.uniform() * ending * 0.8);
        await finish(runsDir);
        if (count > 10 * KILLS) throw new Error(`${JSON.stringify(kills)} in ${count} runs`);
      }
      console.info(
        `${kind}: ${JSON.stringify({ ...kills, runs: count, ms: { opening, working, ending } }, (_, v) => (typeof v === 'number' ? Math.round(v) : v))}`,
      );
      expect(kills.working + kills.ending).toBeGreaterThanOrEqual(KILLS);
    },
  );
});
