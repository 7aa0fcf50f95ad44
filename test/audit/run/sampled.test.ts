import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobHost } from '../../../src/app/host/index.ts';
import { JOBS } from '../../../src/app/jobs.ts';
import { auditJob, auditRun, resumeAudit } from '../../../src/jobs/audit/index.ts';
import { createModel, writeModelFolder } from '../../../src/jobs/generators/index.ts';
import { renderFaces } from '../../../src/kit/drawing/index.ts';
import { Graph, matmul, reshape, tanh } from '../../../src/kit/tensor/index.ts';
import { biolens } from '../../cli/biolens.ts';
import { finish } from '../simulated-sets.ts';

const root = mkdtempSync(join(tmpdir(), "biolens sampled 'sets-"));
const training = join(root, 'training');
const pool = join(root, 'pool');
const script = join(root, 'my sample.mjs');
const log = join(root, 'calls.log');
const settings = { embedder: 'appearance', classifier: 'none', device: 'cpu', permutations: 19 } as const;

/** Copies images of a pool as a generator would make them; MODE says how it misbehaves. */
const SCRIPT = `
import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
const [n, seed, out, mode] = process.argv.slice(2);
appendFileSync(${JSON.stringify(log)}, [n, seed, process.pid].join(' ') + '\\n');
process.stderr.write('x'.repeat(500_000) + '\\n');
if (mode === 'fail') { console.error('CUDA out of memory'); process.exitCode = 7; }
else if (mode === 'hang' || (mode === 'hang-second' && seed === '4')) { process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); }
else {
  mkdirSync(out + '/batch', { recursive: true });
  const made = Number(n) - (mode === 'few' ? 1 : 0);
  for (let i = 0; i < made; i++) copyFileSync(${JSON.stringify(pool)} + '/' + String(1 + (Number(seed) * 5 + i) % 30).padStart(6, '0') + '.png', out + '/batch/' + i + '.png');
}
`;

beforeAll(async () => {
  await finish(renderFaces(training, { n: 20, seed: 1, size: 32 }));
  await finish(renderFaces(pool, { n: 30, seed: 2, size: 32 }));
  writeFileSync(script, SCRIPT);
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
const command = (mode = 'well'): string => `${quoted(process.execPath)} ${quoted(script)} {n} {seed} {dir} ${mode}`;
const calls = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
let count = 0;
const newRuns = (): string => join(root, `runs-${count++}`);
const runIn = (runsDir: string): string =>
  join(runsDir, readdirSync(runsDir).find(name => !name.startsWith('.')) ?? '');

describe.skipIf(process.platform === 'win32')(
  'images by a command (groups of processes are not told to end on Windows)',
  () => {
    test('are generated into the run, audited, and shown from there', async () => {
      rmSync(log, { force: true });
      const runsDir = newRuns();
      const events: string[] = [];
      const audit = auditRun(
        { training, sampleWith: command(), samples: 12, samplesPerCall: 5, seed: 3, ...settings },
        { runsDir },
      );
      let step = await audit.next();
      for (; !step.done; step = await audit.next()) events.push(step.value.type);
      const report = step.value;
      expect(report.sets.generated).toMatchObject({ source: 'artifacts/generated', kind: 'images', n: 12 });
      expect(calls().map(call => call.split(' ').slice(0, 2).join(' '))).toEqual(['5 3', '5 4', '2 5']);
      expect(events).toContain('sampling');
      const path = runIn(runsDir);
      expect(readdirSync(join(path, 'artifacts'))).toEqual(['generated']);
      const [pair] = report.replication.pairs;
      expect(auditJob.images?.sourceOf(report, 'generated')).toBeNull();
      const shown = await auditJob.images?.open({ path, report }, { set: 'generated', file: pair!.generated });
      expect(shown).toContain(join('artifacts', 'generated'));
    });

    test('calls that were over are not made again by a resumed run, and what a killed one began is ended', async () => {
      rmSync(log, { force: true });
      const runsDir = newRuns();
      const controller = new AbortController();
      const input = {
        training,
        sampleWith: command('hang-second'),
        samples: 12,
        samplesPerCall: 6,
        seed: 3,
        ...settings,
      };
      const working = finish(auditRun(input, { runsDir, signal: controller.signal }));
      let over = false;
      working
        .catch(() => undefined)
        .finally(() => {
          over = true;
        });
      while (calls().length < 2) {
        if (over) throw new Error(`it ended before its second call: ${JSON.stringify((await working).result)}`);
        await sleep(50);
      }
      const pid = Number(calls()[1]?.split(' ')[2]);
      controller.abort();
      await expect(working).rejects.toMatchObject({ code: 'interrupted' });
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      writeFileSync(script, SCRIPT.replace("seed === '4'", 'false'));
      const { result } = await finish(resumeAudit(runIn(runsDir)));
      writeFileSync(script, SCRIPT);
      expect(result.sets.generated.n).toBe(12);
      expect(calls().map(call => call.split(' ')[1])).toEqual(['3', '4', '4']);
    }, 120_000);

    test.each([
      ['fail', 'external', /ended with exit code 7: CUDA out of memory$/],
      ['few', 'external', /made 11 images in \{dir\}, asked for 12$/],
    ])('a command that does %s', async (mode, code, message) => {
      const work = finish(
        auditRun({ training, sampleWith: command(mode), samples: 12, ...settings }, { runsDir: newRuns() }),
      );
      await expect(work).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    });

    test.each<[string, object, RegExp]>([
      [
        'no such program',
        { sampleWith: 'no-such-program-here {n} {dir}' },
        /there is no program "no-such-program-here"/,
      ],
      ['no {dir}', { sampleWith: 'python sample.py {n}' }, /\{dir\}, the folder that they go to, is missing/],
      ['a shell’s sign', { sampleWith: 'python sample.py {n} {dir} | tee log' }, /\| is for a shell/],
      ['calls without a seed', { sampleWith: 'python s.py {n} {dir}', samplesPerCall: 5 }, /\{seed\} is missing/],
      ['nothing', {}, /"generated" is missing: images to audit/],
      ['two of them', { sampleWith: 'a {n} {dir}', generated: pool }, /expected one of/],
      ['labels of images to come', { sampleWith: 'a {n} {dir}', generatedLabels: 'l.csv' }, /have no labels yet/],
    ])('%s', async (_, input, message) => {
      const work = finish(auditRun({ training, samples: 12, ...settings, ...input }, { runsDir: newRuns() }));
      await expect(work).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    });

    test('a recorded command runs only when it is allowed, and never for the studio or an assistant', async () => {
      const runsDir = newRuns();
      await finish(auditRun({ training, sampleWith: command(), samples: 4, ...settings }, { runsDir }));
      const refused = await biolens('runs', 'rerun', 'latest', '--runs-dir', runsDir);
      expect(refused.code).toBe(2);
      expect(refused.err).toContain('--allow-command');
      const allowed = await biolens('runs', 'rerun', 'latest', '--runs-dir', runsDir, '--allow-command');
      expect(allowed).toMatchObject({ code: 0 });
      const host = new JobHost({ jobs: JOBS, runsDir, roots: [root], models: null });
      const input = { training, sampleWith: command(), samples: 4, ...settings };
      await expect(host.start('audit', input)).rejects.toThrow('commands are run for the command line');
      await expect(host.rerun('latest')).rejects.toThrow('commands are run for the command line');
      await host.close();
    });
  },
);

describe('images by a generator', () => {
  test('a model folder is sampled in parts, and another one is not resumed with', async () => {
    const model = join(root, 'model');
    const network = { size: 8, blockChannels: [8], layersPerBlock: 1 };
    await writeModelFolder(model, createModel({ ...network, seed: 1 }));
    const runsDir = newRuns();
    const controller = new AbortController();
    const input = { training, generator: model, samples: 8, ...settings };
    const audit = auditRun(input, { runsDir, signal: controller.signal });
    const stopped = async (): Promise<void> => {
      for (let step = await audit.next(); !step.done; step = await audit.next())
        if (step.value.type === 'sampling' && step.value.done > 0) controller.abort();
    };
    await expect(stopped()).rejects.toMatchObject({ code: 'interrupted' });
    await writeModelFolder(model, createModel({ ...network, seed: 2 }));
    await expect(finish(resumeAudit(runIn(runsDir)))).rejects.toThrow('changed since this run read it');
    await writeModelFolder(model, createModel({ ...network, seed: 1 }));
    const { result } = await finish(resumeAudit(runIn(runsDir)));
    expect(result.sets.generated.n).toBe(8);
  });

  const model = join(root, 'z.onnx');
  const card = (parts: object = {}): void =>
    writeFileSync(
      join(root, 'z.json'),
      JSON.stringify({ name: 'z', kind: 'generator', input: { width: 6 }, output: {}, ...parts }),
    );
  const write = (channels = 3, side = 8): void => {
    const graph = new Graph();
    const pixels = channels * side * side;
    const weights = Float32Array.from({ length: 6 * pixels }, (_, i) => Math.sin(i));
    const z = graph.input('z', ['n', 6]);
    const flat = tanh(matmul(z, graph.constant(weights, [6, pixels])));
    graph.output('image', reshape(flat, ['n', channels, side, side]));
    mkdirSync(root, { recursive: true });
    writeFileSync(model, graph.build());
  };

  test('an ONNX model with a card is sampled: each image by its number alone', async () => {
    write();
    card();
    const [all, some] = [join(root, 'all'), join(root, 'some')];
    const sampled = await biolens('diffusion', 'sample', '--model', model, '-n', '6', '-o', all, '--json');
    expect(sampled).toMatchObject({ code: 0 });
    expect(JSON.parse(sampled.out)).toMatchObject({ images: 6, size: 8, kind: 'onnx' });
    await biolens('diffusion', 'sample', '--model', model, '-n', '3', '-o', some, '--batch', '2');
    const [first = ''] = readdirSync(some);
    for (const name of readdirSync(some)) expect(readFileSync(join(some, name))).toEqual(readFileSync(join(all, name)));
    expect(readFileSync(join(all, first))).not.toEqual(readFileSync(join(all, readdirSync(all)[1] ?? '')));
    const { result } = await finish(
      auditRun({ training, generator: model, samples: 6, ...settings }, { runsDir: newRuns() }),
    );
    expect(result.sets.generated.n).toBe(6);
  });

  test.each<[string, object, RegExp]>([
    ['another width', { input: { width: 7 } }, /z\.json: input\.width expected 6/],
    ['a name that is none', { input: { width: 6, name: 'noise' } }, /input\.name expected one of "z", got "noise"/],
    ['grey for colour', { output: { channels: 'grey' } }, /expected 1 images of 1 channels/],
    ['rows of pixels', { output: { layout: 'nhwc' } }, /as nhwc/],
    ['a range of nothing', { output: { range: [1, 1] } }, /output\.range expected two different numbers/],
    ['an unknown field', { truncation: 0.7 }, /unknown field "truncation"/],
    ['a constant for nothing', { constants: { psi: 1 } }, /constants expected other inputs/],
  ])('a card with %s is refused by its name', async (_, parts, message) => {
    write();
    card(parts);
    const work = finish(auditRun({ training, generator: model, samples: 6, ...settings }, { runsDir: newRuns() }));
    await expect(work).rejects.toMatchObject({ code: 'input', message: expect.stringMatching(message) });
  });
});
