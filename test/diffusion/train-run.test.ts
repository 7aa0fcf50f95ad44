import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiffusionReport } from '../../src/ground/contracts/index.ts';
import { BiolensError } from '../../src/ground/errors.ts';
import { randomKey } from '../../src/ground/math/index.ts';
import {
  GENERATORS,
  type GeneratorTrainer,
  readModelFolder,
  resumeTraining,
  type TrainConfigurationInput,
  type TrainEvent,
  trainRun,
  writeSamples,
} from '../../src/jobs/generators/index.ts';
import { parseTraining } from '../../src/jobs/generators/train/configuration.ts';
import { TrainingHistory } from '../../src/jobs/generators/train/items.ts';
import { resolveTraining, settingsOf } from '../../src/jobs/generators/train/settings.ts';
import { readTrainingImages } from '../../src/jobs/generators/train/training-images.ts';
import { runTraining } from '../../src/jobs/generators/train/training-loop.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

let folder: string;
let images: string;
let small: TrainConfigurationInput;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'biolens-train-'));
  images = join(folder, 'drawn');
  for await (const _ of renderFaces(images, { n: 9, size: 32, seed: 1, skew: {}, duplicates: 0 })) {
    // Only the pictures are wanted.
  }
  small = {
    images,
    size: 8,
    channels: 8,
    batchSize: 2,
    steps: 8,
    sheets: 2,
    sampling: { method: 'ddim', steps: 2 },
    classes: { attribute: 'gender' },
    mirror: true,
    shift: 1,
    colour: 0.1,
    dropout: 0.1,
    device: 'cpu',
    threads: 1,
    checkpointSeconds: 0,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const WEIGHTS = 'unet/diffusion_pytorch_model.safetensors';
interface Ended {
  readonly path: string;
  readonly report: DiffusionReport;
}

/** Follows training to its end, or stops it after a step. */
async function follow(
  start: (signal: AbortSignal) => AsyncIterable<TrainEvent>,
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<{ path: string; ended: Ended | null; steps: number[] }> {
  const controller = new AbortController();
  let path = '';
  let ended: Ended | null = null;
  const steps: number[] = [];
  try {
    for await (const event of start(controller.signal)) {
      if (event.type === 'run') path = event.path;
      if (event.type === 'result') ended = event;
      if (event.type === 'step') {
        steps.push(event.done);
        if (event.done === stopAfter) controller.abort();
      }
    }
  } catch (error) {
    if (!(error instanceof BiolensError && error.code === 'interrupted')) throw error;
  }
  return { path, ended, steps };
}
const runsDir = () => join(folder, 'runs');
const begin =
  (more: Partial<TrainConfigurationInput> = {}) =>
  (signal: AbortSignal) =>
    trainRun({ ...small, ...more } as TrainConfigurationInput, { runsDir: runsDir(), name: 'test', signal });
const readWeights = (path: string) => readFile(join(path, 'artifacts/model', WEIGHTS));
const sheetsOf = async (path: string) => {
  const names = (await readdir(join(path, 'artifacts/sheets'))).sort();
  return Promise.all(names.map(name => readFile(join(path, 'artifacts/sheets', name))));
};

describe('training as a run', () => {
  let whole: Ended;
  beforeAll(async () => {
    whole = (await follow(begin())).ended!;
  });

  describe('from a model', () => {
    const further = (more: Partial<TrainConfigurationInput> = {}) =>
      begin({ from: join(whole.path, 'artifacts/model'), channels: undefined, steps: 4, seed: 2, ...more });

    test('goes on from its weights with its network, and resumes to the same weights', async () => {
      const { ended } = await follow(further());
      expect(ended!.report.training.settings).toMatchObject({
        from: join(whole.path, 'artifacts/model'),
        channels: 8,
        layersPerBlock: 1,
        prediction: 'v',
      });
      const fresh = (await follow(begin({ steps: 4, seed: 2 }))).ended!;
      const [before, after, other] = await Promise.all(
        [whole.path, ended!.path, fresh.path].map(path => readModelFolder(join(path, 'artifacts/model'))),
      );
      const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]!));
      const moved = distance(after!.weights, before!.weights);
      expect(moved).toBeGreaterThan(0);
      expect(moved).toBeLessThan(0.1 * distance(other!.weights, before!.weights));

      const stopped = await follow(further(), 2);
      const resumed = await follow(signal => resumeTraining(stopped.path, { signal }));
      expect(resumed.steps).toEqual([3, 4]);
      expect((await readWeights(resumed.ended!.path)).equals(await readWeights(ended!.path))).toBe(true);
    });

    test.each<[string, Partial<TrainConfigurationInput>, RegExp]>([
      ['another size', { size: 16 }, /"from": the model is for 8 pixels, "size" is 16/],
      ['other classes', { classes: undefined }, /"classes" expected those of the model \(female, male\), got none/],
      ['another network', { channels: 16 }, /"channels" is that of the model/],
      ['another prediction', { prediction: 'epsilon' }, /"prediction" is that of the model/],
      ['a GAN', { kind: 'gan', classes: undefined }, /"from" is for diffusion models/],
      ['a folder without a model', { from: 'nowhere' }, /nowhere/],
    ])('refuses %s', async (_, more, message) => {
      await expect(follow(further(more))).rejects.toThrow(message);
    });
  });

  test('ends with a model, a curve and sheets', async () => {
    const { report, path } = whole;
    expect(report.images).toMatchObject({ n: 9, size: 8, resized: 9, classes: { attribute: 'gender' } });
    expect(Object.values(report.images.classes!.counts).reduce((sum, count) => sum + count, 0)).toBe(9);
    expect(report.curve.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(report.curve.values.loss!.every(loss => loss !== null && loss > 0)).toBe(true);
    expect(report.sheets.map(({ step }) => step)).toEqual([4, 8]);
    expect(report.training).toMatchObject({ steps: 8, batchSize: 2, settings: { channels: 8, mirror: true } });
    const model = await readModelFolder(join(path, report.model));
    expect(model.classes).toEqual(['female', 'male']);
    expect(model.attribute).toBe('gender');
    expect((await readdir(join(path, 'artifacts'))).sort()).toEqual(['model', 'sheets']);
    await expect(follow(signal => resumeTraining(path, { signal }))).rejects.toThrow('this run is done');
  });

  test.each([1, 6])('stopped after step %i and resumed, comes to the same weights, curve and sheets', async stop => {
    const { path, ended } = await follow(begin(), stop);
    expect(ended).toBeNull();
    const resumed = await follow(signal => resumeTraining(path, { signal }));
    expect(resumed.steps[0]).toBe(stop + 1);
    expect(await readWeights(path)).toEqual(await readWeights(whole.path));
    expect(resumed.ended!.report.curve).toEqual(whole.report.curve);
    expect(await sheetsOf(path)).toEqual(await sheetsOf(whole.path));
  });

  test('killed at step 5 and resumed, comes to the same weights and curve', async () => {
    const script = fileURLToPath(new URL('./train-child.ts', import.meta.url));
    const dir = join(folder, 'killed');
    const child = spawn(process.execPath, [script, JSON.stringify(small), dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) if (line === '5') child.kill('SIGKILL');
    await gone;
    const [name] = await readdir(dir);
    const path = join(dir, name!);
    const resumed = await follow(signal => resumeTraining(path, { signal }));
    expect(resumed.steps.at(-1)).toBe(8);
    expect(resumed.steps.length).toBeLessThan(8);
    expect(await readWeights(path)).toEqual(await readWeights(whole.path));
    expect(resumed.ended!.report.curve).toEqual(whole.report.curve);
  });

  test('with a damaged checkpoint says which one, and goes on from the one before when it is removed', async () => {
    const { path } = await follow(begin(), 5);
    const checkpoints = join(path, 'artifacts/checkpoints');
    expect((await readdir(checkpoints)).sort()).toEqual(['step-000000004.safetensors', 'step-000000005.safetensors']);
    const newest = join(checkpoints, 'step-000000005.safetensors');
    const bytes = await readFile(newest);
    await writeFile(newest, bytes.subarray(0, bytes.length - 100));
    await expect(follow(signal => resumeTraining(path, { signal }))).rejects.toThrow(
      /step-000000005\.safetensors: cut short: .*; remove it to go on from step-000000004, the one before/,
    );
    await rm(newest);
    const resumed = await follow(signal => resumeTraining(path, { signal }));
    expect(resumed.steps).toEqual([5, 6, 7, 8]);
    expect(await readWeights(path)).toEqual(await readWeights(whole.path));
  });

  test('refuses to go on with other images', async () => {
    const copy = join(folder, 'changing');
    await mkdir(copy);
    for (const file of await readdir(images)) await copyFile(join(images, file), join(copy, file));
    const { path } = await follow(begin({ images: copy }), 2);
    const [first, second] = (await readdir(copy)).filter(file => file.endsWith('.png'));
    await copyFile(join(copy, second!), join(copy, first!));
    await expect(follow(signal => resumeTraining(path, { signal }))).rejects.toThrow(
      'its images or labels are not those that the run began with',
    );
  });

  test('trains a GAN as well, resumed to the same weights', async () => {
    const { classes: _, ...plain } = small;
    const gan = (signal: AbortSignal) =>
      trainRun(
        { ...plain, kind: 'gan', channels: 4, steps: 3, sheets: 1 },
        { runsDir: runsDir(), name: 'gan', signal },
      );
    const once = await follow(gan);
    expect(Object.keys(once.ended!.report.curve.values)).toEqual(['generator', 'discriminator']);
    const { path } = await follow(gan, 2);
    await follow(signal => resumeTraining(path, { signal }));
    const weights = (of: string) => readFile(join(of, 'artifacts/model/generator.safetensors'));
    expect(await weights(path)).toEqual(await weights(once.path));
  });

  test('samples the model: the same pictures for the same seed, labelled', async () => {
    const runtime = await openRuntime({ device: 'cpu', threads: 1 });
    const draw = async (output: string, more: object = {}) => {
      const sampling = { method: 'ddpm', steps: 3, batch: 4 } as const;
      const options = { model: whole.path, output: join(folder, output), n: 6, seed: 1, sampling, ...more };
      for await (const _ of writeSamples(runtime, options)) {
        // To the end.
      }
      return Promise.all(
        (await readdir(options.output)).sort().map(file => readFile(join(options.output, file), 'latin1')),
      );
    };
    const first = await draw('a');
    expect(first).toHaveLength(7);
    expect(first[6]).toBe(
      'file,gender\n00001.png,female\n00002.png,male\n00003.png,female\n00004.png,male\n00005.png,female\n00006.png,male\n',
    );
    expect(await draw('b')).toEqual(first);
    const other = await draw('c', { seed: 2, className: 'male' });
    expect(other[6]).not.toContain('female');
    expect(other[0]).not.toBe(first[0]);
    await expect(draw('a')).rejects.toThrow('has files in it already');
    await expect(draw('d', { className: 'robot' })).rejects.toThrow('"class" expected one of female, male, got robot');
    await expect(draw('d', { model: join(folder, 'nowhere') })).rejects.toThrow('nowhere: no such folder');
    await expect(draw('d', { model: images })).rejects.toThrow('no generator');
    expect((await readdir(folder)).filter(name => name.endsWith('.part'))).toEqual([]);
    await runtime.close();
  });
});

describe('what is wrong is said before a run is made', () => {
  const refused = async (more: object) => {
    const before = await readdir(runsDir()).catch(() => []);
    const error: unknown = await follow(begin(more)).catch((thrown: unknown) => thrown);
    expect(await readdir(runsDir()).catch(() => [])).toEqual(before);
    return error instanceof Error ? error.message : 'nothing was thrown';
  };

  test('in settings', async () => {
    expect(await refused({ size: 7 })).toContain('"size"');
    expect(await refused({ size: 9 })).toContain('"size" expected an even number, got 9');
    expect(await refused({ speed: 1 })).toContain('"speed"');
    expect(await refused({ kind: 'gan' })).toContain('"classes" are for diffusion models');
    expect(await refused({ kind: 'gan', classes: undefined, size: 24 })).toContain('expected a power of two');
    expect(await refused({ output: images })).toContain('holds other files');
  });

  test('in images and labels', async () => {
    expect(await refused({ images: join(folder, 'none') })).toContain('none');
    expect(await refused({ classes: { attribute: 'mood' } })).toContain('no column "mood" (there are');
    expect(await refused({ classes: { attribute: 'gender', names: ['female', 'robot', 'male'] } })).toContain(
      'class "robot" of "gender" has no image',
    );
    const bare = join(folder, 'bare');
    await mkdir(bare);
    await writeFile(join(bare, 'a.png'), 'no picture');
    expect(await refused({ images: bare })).toContain('need labels: no labels.csv');
    expect(await refused({ images: bare, classes: undefined })).toContain('none of its 1 images can be used');
  });
});

test('images of other sizes are cropped about their centre, broken and unlabelled ones skipped', async () => {
  const mixed = join(folder, 'mixed');
  await mkdir(mixed);
  const paint = (width: number, height: number, at: (x: number, y: number) => number) =>
    encodePng({
      width,
      height,
      data: Uint8Array.from({ length: width * height * 3 }, (_, i) =>
        at(Math.floor(i / 3) % width, Math.floor(i / 3 / width)),
      ),
    });
  // White in the middle third: what a centred crop keeps.
  await writeFile(join(mixed, 'wide.png'), await paint(48, 16, x => (x >= 16 && x < 32 ? 255 : 0)));
  await writeFile(join(mixed, 'right.png'), await paint(8, 8, () => 100));
  await writeFile(join(mixed, 'unknown.png'), await paint(8, 8, () => 100));
  await writeFile(join(mixed, 'other.png'), await paint(8, 8, () => 100));
  await writeFile(join(mixed, 'torn.png'), (await paint(8, 8, () => 100)).subarray(0, 60));
  await writeFile(join(mixed, 'labels.csv'), 'file,kind\nwide.png,b\nright.png,a\ntorn.png,a\nother.png,c\n');
  const reading = readTrainingImages(mixed, { size: 8, classes: { attribute: 'kind', names: ['a', 'b'] } });
  let read = await reading.next();
  while (!read.done) read = await reading.next();
  const { value } = read;
  expect({ n: value.n, resized: value.resized, labels: value.labels }).toEqual({ n: 2, resized: 1, labels: [0, 1] });
  expect(value.skipped.map(({ file }) => file)).toEqual(['other.png', 'torn.png', 'unknown.png']);
  expect(value.skipped[0]!.reason).toBe('is of another class, c');
  expect(value.skipped[2]!.reason).toBe('has no class');
  expect([...new Set(value.pixels.subarray(0, 192))]).toEqual([100]);
  expect([...new Set(value.pixels.subarray(192))]).toEqual([255]);
});

test('the batch is halved until it fits half of the free memory', () => {
  const configuration = parseTraining({ images: 'x', size: 16, channels: 8 });
  const none = { classes: null, attribute: null };
  const resolve = (freeBytes: number) => resolveTraining(configuration, none, { freeBytes });
  const most = resolve(1e12);
  const need = (batchSize: number) => GENERATORS.diffusion.trainingBytes({ ...settingsOf(most, none), batchSize })!;
  expect(need(2 * most.batchSize)).toBeGreaterThan(need(most.batchSize));
  expect(resolve(2 * need(most.batchSize)).batchSize).toBe(most.batchSize);
  expect(resolve(2 * need(most.batchSize) - 1).batchSize).toBe(most.batchSize / 2);
  expect(resolve(1).batchSize).toBe(1);
  const given = resolveTraining({ ...configuration, batchSize: 20 }, none, { freeBytes: 1 });
  expect(given.batchSize).toBe(20);
});

test('short memory keeps the last state and says so', async () => {
  const reading = readTrainingImages(images, { size: 8 });
  let read = await reading.next();
  while (!read.done) read = await reading.next();
  const training = resolveTraining(parseTraining({ ...small, classes: undefined, sheets: 1 }), read.value, {
    freeBytes: 1e12,
  });
  let step = 0;
  const trainer: GeneratorTrainer = {
    parameters: 1,
    description: 'stand-in',
    get step() {
      return step;
    },
    train: async () => {
      if (step === 3) throw new BiolensError('external', 'not enough memory');
      step++;
      return { loss: 1 };
    },
    checkpoint: () => Uint8Array.of(step),
    openSampler: () => Promise.reject(new Error('not reached')),
    save: async () => undefined,
    close: async () => undefined,
  };
  const run = await createRun({ kind: 'diffusion', configuration: {}, seed: 1, runsDir: join(folder, 'memory') });
  const history = new TrainingHistory();
  const loop = runTraining(run, trainer, {
    training: { ...training, checkpointSeconds: 1000 },
    images: read.value,
    history,
    key: randomKey(1),
    signal: undefined,
  });
  await expect(
    (async () => {
      for await (const _ of loop);
    })(),
  ).rejects.toThrow('step 4 with 2 images: not enough memory; the state after step 3 is kept (a smaller batch');
  expect([...(await readFile(join(run.path, 'artifacts/checkpoints/step-000000003.safetensors')))]).toEqual([3]);
  expect(history.curve(8).values.loss).toEqual([1, 1, 1, null, null, null, null, null]);
  await run.interrupt();
});
