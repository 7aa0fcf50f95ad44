import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type MitigationReport, mitigationReportSchema } from '../../src/ground/contracts/index.ts';
import {
  type MitigationConfigurationInput,
  type MitigationEvent,
  mitigationJob,
  mitigationRun,
  resumeMitigation,
} from '../../src/jobs/mitigation/index.ts';
import { planJob } from '../../src/kit/job/index.ts';
import { readSafetensors } from '../../src/kit/tensor/index.ts';
import { drawDiscs, writeDiscs, writeFreshModel, writeModels } from './small.ts';

// Whole runs, which a busy machine may take its time for.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const folder = mkdtempSync(join(tmpdir(), 'biolens-mitigation-'));
const runsDir = join(folder, 'runs');
let base: MitigationConfigurationInput & { reward: string; broken: string };

beforeAll(async () => {
  const models = await writeModels(join(folder, 'models'));
  base = {
    model: await writeFreshModel(join(folder, 'model')),
    training: await writeDiscs(join(folder, 'training'), drawDiscs(40, { warm: 0.8, seed: 1, copies: 4 })),
    heldout: await writeDiscs(join(folder, 'heldout'), drawDiscs(40, { warm: 0.8, seed: 2 })),
    replication: true,
    bias: { kind: 'uniform' },
    embedder: 'appearance',
    classifier: models.classifier,
    qualityFloor: 0,
    rounds: 2,
    samples: 24,
    auditSamples: 36,
    steps: 52,
    batch: 4,
    samplingSteps: 4,
    permutations: 19,
    tolerance: 0.001,
    copied: 0,
    device: 'cpu',
    reward: models.reward,
    broken: models.broken,
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configuration(changes: Partial<MitigationConfigurationInput> = {}): MitigationConfigurationInput {
  const { reward, broken, ...rest } = base;
  return { ...rest, ...changes };
}

interface Finished {
  readonly path: string;
  readonly report: MitigationReport;
  readonly events: readonly MitigationEvent[];
}

async function finish(work: AsyncGenerator<MitigationEvent, MitigationReport>): Promise<Finished> {
  const events: MitigationEvent[] = [];
  let step = await work.next();
  while (!step.done) {
    events.push(step.value);
    step = await work.next();
  }
  const path = events.find(event => event.type === 'run')?.path ?? '';
  return { path, report: step.value, events };
}

const weightsOf = (path: string): Buffer =>
  readFileSync(join(path, 'artifacts/model/unet/diffusion_pytorch_model.safetensors'));

/** The state after the last round: weights, moments, average. */
const lastOf = (path: string): Buffer => readFileSync(join(path, 'artifacts/round-002.safetensors'));

/** The report without what depends on the clock. */
function timeless({ timing, ...report }: MitigationReport): unknown {
  return { ...report, rounds: report.rounds.map(({ seconds, ...round }) => round) };
}

/** The error of a run that is not to succeed. */
async function failure(changes: Partial<MitigationConfigurationInput>): Promise<string> {
  return finish(mitigationRun(configuration(changes), { runsDir })).then(
    () => 'it succeeded',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

describe('a mitigation', () => {
  let whole: Finished;
  beforeAll(async () => {
    whole = await finish(mitigationRun(configuration(), { runsDir, name: 'whole' }));
  });

  test('reports both sides, every round, and pictures of the same noise', () => {
    const { report, path } = whole;
    expect(mitigationReportSchema.parse(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')))).toEqual(report);
    expect(report.stoppedBy).toBe('rounds');
    expect(report.rounds.map(({ index, tuning }) => [index, tuning?.steps])).toEqual([
      [0, 52],
      [1, 52],
      [2, undefined],
    ]);
    const { reported, corrected } = report.rounds[0]!.shares.kind!;
    expect(reported.warm?.n).toBe(24);
    expect(corrected?.warm?.interval).not.toBeNull();
    expect(report.before.samples).toEqual({ folder: 'artifacts/before', n: 36 });
    for (const side of [report.before, report.after]) {
      expect(readdirSync(join(path, side.samples.folder))).toHaveLength(36);
      expect(side.goals.map(({ goal }) => goal)).toEqual(['replication', 'bias']);
      expect(side.bias.attributes.kind?.target).toEqual({ warm: 0.5, cold: 0.5 });
    }
    expect(report.pictures.sameNoise).toHaveLength(36);
    expect(report.pictures.nearest.before[0]?.sample).toMatch(/^\d{6}\.png$/);
    for (const file of [
      ...Object.values(report.pictures.sheets).filter(value => typeof value === 'string'),
      ...report.rounds.map(({ sheet }) => sheet),
    ])
      expect(existsSync(join(path, file)), file).toBe(true);
    expect(report.verdict.map(({ subject }) => subject)).toEqual(['copies', 'bias of kind', 'quality', 'rounds']);
  });

  test('is shown by the share of copies after it, and by where its models lie', () => {
    const { report, path } = whole;
    expect(mitigationJob.headline(report)).toEqual({
      label: 'copies after',
      metric: report.after.replication.copied,
      unit: 'share',
      level: 'bad',
    });
    const { configuration: recorded } = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'));
    const finished = { id: 'whole', path, report, configuration: { ...recorded, output: '/models/fair' } };
    expect(mitigationJob.epilogue?.(finished)).toBe(`Model: ${join(path, 'artifacts/model')}\nModel: /models/fair\n`);
  });

  test('tells its rounds in a line each', () => {
    const news = mitigationJob.news();
    const told = whole.events.flatMap(event =>
      event.type === 'round' || event.type === 'progress' ? [news.tell(event)] : [],
    );
    const notes = told.flatMap(one => (one?.type === 'note' ? [one.text] : []));
    expect(notes).toHaveLength(3);
    expect(notes[0]).toMatch(/^round 0: kind warm \d+, cold \d+ %; copies .*; FID .*; reward /);
    expect(told).toContainEqual({ type: 'progress', stage: 'round 0: tuning', done: 0, total: 52 });
  });

  test('changes the weights, and keeps no samples of rounds that are over', () => {
    const given = readSafetensors(readFileSync(join(folder, 'model/unet/diffusion_pytorch_model.safetensors'))).tensors;
    const tuned = readSafetensors(lastOf(whole.path)).tensors;
    for (const [name, tensor] of Object.entries(given))
      if (/^conv_(in|out)/.test(name)) expect(tuned[`weights/${name}`]?.data, name).not.toEqual(tensor.data);
    expect(existsSync(join(whole.path, 'artifacts/draws/round-000'))).toBe(false);
  });

  test('ends at the same weights when it is interrupted at any stage and resumed, or goes on from a round before one whose checkpoint is damaged', async () => {
    const damaged = join(folder, 'damaged');
    const stages = ['round 0: tuning', 'round 1: sampling', 'sampling after'];
    let path = '';
    for (const stage of stages) {
      const controller = new AbortController();
      const { signal } = controller;
      const work =
        path === '' ? mitigationRun(configuration(), { runsDir, signal }) : resumeMitigation(path, { signal });
      await expect(
        (async () => {
          for await (const event of work) {
            if (event.type === 'run') path = event.path;
            // Past the first checkpoint of a round.
            if (event.type === 'progress' && event.stage === stage && (event.done >= 51 || !stage.endsWith('tuning')))
              controller.abort();
          }
        })(),
        stage,
      ).rejects.toMatchObject({ code: 'interrupted' });
      if (stage === 'round 1: sampling') cpSync(path, damaged, { recursive: true });
    }
    const resumed = await finish(resumeMitigation(path));
    expect(lastOf(path).equals(lastOf(whole.path))).toBe(true);
    expect(weightsOf(path).equals(weightsOf(whole.path))).toBe(true);
    expect(timeless(resumed.report)).toEqual(timeless(whole.report));

    const checkpoint = join(damaged, 'artifacts/round-001.safetensors');
    writeFileSync(checkpoint, readFileSync(checkpoint).subarray(0, 5000));
    await expect(finish(resumeMitigation(damaged))).rejects.toThrow(
      /round-001\.safetensors: .*; delete it to go on from the round before/,
    );
    rmSync(checkpoint);
    await finish(resumeMitigation(damaged));
    expect(lastOf(damaged).equals(lastOf(whole.path))).toBe(true);
  });

  test('ends at the same weights when it is killed while it tunes, and resumed', async () => {
    const script = join(import.meta.dirname, 'mitigate-child.ts');
    const child = spawn(process.execPath, [script, JSON.stringify(configuration()), runsDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise(resolve => child.on('exit', (_, signal) => resolve(signal)));
    let path = '';
    for await (const line of createInterface(child.stdout)) {
      const event: MitigationEvent = JSON.parse(line);
      if (event.type === 'run') path = event.path;
      if (event.type === 'progress' && event.stage === 'round 1: tuning' && event.done >= 51) child.kill('SIGKILL');
    }
    expect(await ended).toBe('SIGKILL');
    const resumed = await finish(resumeMitigation(path));
    expect(weightsOf(path).equals(weightsOf(whole.path))).toBe(true);
    expect(timeless(resumed.report)).toEqual(timeless(whole.report));
  });
});

describe('what is wrong is told in one line', () => {
  test('goals and targets', async () => {
    expect(await failure({ replication: false, bias: {} })).toBe(
      'expected a goal: replication, bias of an attribute, or a reward model',
    );
    expect(await failure({ bias: { kind: [0.5, 0.4] } })).toBe(
      'target of kind: expected shares that sum to 1, got 0.5 + 0.4 = 0.9',
    );
    expect(await failure({ bias: { mood: 'uniform' } })).toBe(
      'target of mood: the classifier does not know it, it knows kind',
    );
    expect(await failure({ bias: { kinds: 'uniform' } })).toBe(
      'target of kinds: the classifier does not know it, it knows kind, did you mean "kind"?',
    );
    expect(await failure({ bias: { kind: { warmer: 1 } } })).toBe(
      'target of kind: "warmer" is not one of the classes warm, cold, did you mean "warm"?',
    );
    expect(await failure({ bias: { kind: { hot: 1 } } })).toBe(
      'target of kind: "hot" is not one of the classes warm, cold',
    );
    expect(await failure({ bias: { kind: [0.2, 0.3, 0.5] } })).toBe(
      'target of kind: expected 2 shares (warm, cold), got 3',
    );
  });

  test('a class without an example, and a label that is no class, before a run is made', async () => {
    const runs = readdirSync(runsDir);
    const training = await writeDiscs(join(folder, 'warm'), drawDiscs(20, { warm: 1.1, seed: 1 }));
    const heldoutLabels = join(folder, 'tepid.csv');
    writeFileSync(heldoutLabels, 'file,kind\n0003.png,tepid\n');
    expect(await failure({ heldoutLabels })).toMatch(
      /heldout: kind "tepid" of 0003\.png is not one of the classes warm, cold$/,
    );
    expect(await failure({ training })).toBe(
      `target of kind: no image of ${training} shows "cold", and a model cannot be moved toward what it never saw`,
    );
    expect(readdirSync(runsDir)).toEqual(runs);
  });

  test('a reward that is no number, with the checkpoint before it kept', async () => {
    const reward = base.broken;
    expect(await failure({ rewards: [reward] })).toMatch(
      /broken\.onnx: the reward of sample 0 is NaN, expected a number from 0$/,
    );
    const runs = readdirSync(runsDir).map(id => join(runsDir, id));
    const failed = runs.find(path => readFileSync(join(path, 'run.json'), 'utf8').includes('is NaN'));
    expect(existsSync(join(failed ?? '', 'artifacts/round-000.safetensors'))).toBe(true);
  });

  test('a model folder that is none', async () => {
    expect(await failure({ model: join(folder, 'models') })).toMatch(/models: no model of diffusers/);
  });
});

test('what it would do is told without doing it', async () => {
  const output = join(folder, 'fair');
  const { plan } = await planJob(mitigationJob, configuration({ output }), { runsDir });
  expect(plan.reads).toMatchObject([
    { what: 'model', path: base.model },
    { what: 'training', path: base.training, amount: '40 images' },
    { what: 'heldout', path: base.heldout, amount: '40 images' },
  ]);
  expect(plan.writes).toEqual([{ what: 'model', path: output }]);
  expect(plan.seconds).toBeGreaterThan(0);
  const longer = await planJob(mitigationJob, configuration({ rounds: 200 }), { runsDir });
  expect(longer.plan.seconds).toBeGreaterThan(10 * plan.seconds!);
  expect(longer.plan.memoryBytes).toBeGreaterThan(60 * 8 * 8 * 3);
});

test('any ONNX model can be the reward', async () => {
  const { report } = await finish(
    mitigationRun(
      configuration({ replication: false, bias: {}, rewards: [base.reward], rounds: 1, samples: 20, auditSamples: 20 }),
      { runsDir },
    ),
  );
  expect(report.rounds[0]?.reward.mean).toBeGreaterThan(0);
  expect(report.rounds[0]?.reward.mean).toBeLessThan(1);
  const means = report.rounds.map(({ reward }) => reward.mean);
  expect(means[report.chosen]).toBe(Math.max(...means));
  const byClass = await finish(
    mitigationRun(
      configuration({
        replication: false,
        bias: {},
        rewards: [`${base.classifier}#kind=cold`],
        rounds: 0,
        samples: 20,
        auditSamples: 20,
      }),
      { runsDir },
    ),
  );
  expect(byClass.report.rounds[0]?.reward.mean).toBeLessThan(1);
});

test('other methods are measured beside it, and leave the model as it is', async () => {
  const { report } = await finish(
    mitigationRun(configuration({ rounds: 0, compare: ['rejection', 'guidance'], samples: 20, auditSamples: 20 }), {
      runsDir,
    }),
  );
  expect(report.comparison.map(({ method }) => method)).toEqual(['rejection', 'guidance']);
  for (const { side } of report.comparison) expect(side.samples.n).toBeGreaterThan(0);
  const [rejection] = report.comparison;
  expect(rejection?.accepted.value).toBeLessThan(1);
  expect(report.comparison[1]?.side.samples.folder).toBe('artifacts/guidance');
});
