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
  trainingJob,
  trainRun,
  writeSamples,
} from '../../src/jobs/generators/index.ts';
import { TrainingHistory } from '../../src/jobs/generators/train/items.ts';
import { listTrainingImages } from '../../src/jobs/generators/train/list-images.ts';
import { resolveTraining, settingsOf } from '../../src/jobs/generators/train/settings.ts';
import { classesText } from '../../src/jobs/generators/train/text-forms.ts';
import { readTrainingImages } from '../../src/jobs/generators/train/training-images.ts';
import { runTraining } from '../../src/jobs/generators/train/training-loop.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { parseConfiguration, planJob } from '../../src/kit/job/index.ts';
import { createRun, readRunRecord } from '../../src/kit/runs/index.ts';
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

const parse = (input: TrainConfigurationInput) => parseConfiguration(trainingJob, input);
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

      const recorded = await readRunRecord(ended!.path);
      const { configuration } = await planJob(trainingJob, parse(recorded.configuration as TrainConfigurationInput));
      expect(configuration).toEqual(recorded.configuration);

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
      /step-000000005\.safetensors: cut short: .*; remove it to resume from step-000000004, the one before/,
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
    await expect(draw('d', { model: join(folder, 'nowhere') })).rejects.toThrow('nowhere: no such file or folder');
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
    expect(await refused({ kind: 'gan', classes: undefined, batchSize: 1 })).toContain('expected 2 to 1024 images');
    expect(await refused({ classes: { attribute: 'gender', names: ['male', 'male', 'female'] } })).toContain(
      '"classes" expected different names',
    );
    expect(await refused({ output: images })).toContain('holds other files');
    const other = join(folder, 'diffusers');
    await mkdir(join(other, 'unet'), { recursive: true });
    await writeFile(join(other, 'model_index.json'), '{}');
    expect(await refused({ kind: 'gan', classes: undefined, output: other })).toContain('holds other files');
    expect(await refused({ output: join(images, 'labels.csv') })).toContain('labels.csv: not a folder');
  });

  test('in images and labels', async () => {
    expect(await refused({ images: join(folder, 'none') })).toContain('none');
    expect(await refused({ classes: { attribute: 'mood' } })).toContain('no column "mood" (there are');
    expect(await refused({ classes: { attribute: 'gendr' } })).toContain('did you mean "gender"?');
    expect(await refused({ classes: { attribute: 'gender', names: ['female', 'mael'] } })).toContain(
      'class "mael" of "gender" has no image, did you mean "male"?',
    );
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

describe('before the work', () => {
  test('only what deciding takes is read, and no run is made', async () => {
    const dir = join(folder, 'planned');
    await mkdir(dir);
    const [first] = (await readdir(images)).filter(file => file.endsWith('.png'));
    await copyFile(join(images, first!), join(dir, 'a.png'));
    await writeFile(join(dir, 'b.png'), 'no picture');
    const output = join(folder, 'planned-model');
    const input: TrainConfigurationInput = { images: dir, size: 16, device: 'cpu', output };
    const { configuration, plan } = await planJob(trainingJob, input, { runsDir: join(folder, 'planned-runs') });
    expect(configuration).toMatchObject({ steps: 1200, batchSize: 16, channels: 32, prediction: 'v' });
    expect(plan.reads).toEqual([{ what: 'images', path: dir, amount: '2 images' }]);
    expect(plan.writes).toEqual([{ what: 'model', path: output }]);
    expect(plan.seconds).toBeGreaterThan(10);
    expect(plan.memoryBytes).toBeGreaterThan(150e6);
    const more = await planJob(trainingJob, { ...input, steps: 12_000, threads: 1 });
    expect(more.plan.seconds!).toBeGreaterThan(5 * plan.seconds!);
    const elsewhere = await planJob(trainingJob, { ...input, device: 'cuda' });
    expect(elsewhere.plan.seconds).toBeNull();
    expect((await readdir(folder)).filter(name => name.startsWith('planned-'))).toEqual([]);
  });

  test('images are read within the run, and a class that loses its only image is told there', async () => {
    const dir = join(folder, 'losing');
    await mkdir(dir);
    const pictures = (await readdir(images)).filter(file => file.endsWith('.png'));
    for (const file of pictures.slice(0, 2)) await copyFile(join(images, file), join(dir, file));
    await writeFile(join(dir, 'torn.png'), 'no picture');
    const rows = [`${pictures[0]},a`, `${pictures[1]},a`, 'torn.png,b'];
    await writeFile(join(dir, 'labels.csv'), `file,kind\n${rows.join('\n')}\n`);
    const events: string[] = [];
    const going = (async () => {
      const more = { images: dir, classes: { attribute: 'kind' } };
      for await (const event of begin(more)(AbortSignal.timeout(60_000))) events.push(event.type);
    })();
    await expect(going).rejects.toThrow('class "b" of "kind" has no image');
    expect(events).toEqual(['run', 'reading', 'reading', 'reading']);
  });
});

test.each([
  ['gender', { attribute: 'gender' }],
  ['gender=male,female', { attribute: 'gender', names: ['male', 'female'] }],
])('classes are written as %s', (text, value) => {
  expect(classesText.parse(text)).toEqual(value);
  expect(classesText.format(value)).toBe(text);
  for (const wrong of ['', '=a', 'gender=', 'gender=a,,b', 'a=b=c'])
    expect(() => classesText.parse(wrong)).toThrow('expected ATTRIBUTE or ATTRIBUTE=CLASS,CLASS');
  expect(classesText.format({ attribute: 'gender', names: ['a,b'] })).toBeNull();
});

test('news tell the mean of the losses since the last sheet', () => {
  const { tell } = trainingJob.news();
  const step = (done: number, loss: number) => tell({ type: 'step', done, total: 9, values: { loss } });
  expect(tell({ type: 'reading', done: 1, total: 2 })).toMatchObject({ stage: 'reading images', done: 1 });
  expect(step(1, 0.25)).toEqual({ type: 'progress', stage: 'training', done: 1, total: 9 });
  step(2, 0.75);
  const note = (text: string) => ({ type: 'note', text });
  expect(tell({ type: 'sheet', step: 2, path: 'a.png' })).toEqual(note('step 2: loss 0.500; samples in a.png'));
  expect(tell({ type: 'sheet', step: 3, path: 'b.png' })).toEqual(note('step 3: samples in b.png'));
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
  const classes = { attribute: 'kind', names: ['a', 'b'] };
  const reading = readTrainingImages(await listTrainingImages(mixed, { size: 8, classes }), { size: 8 });
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
  const configuration = parse({ images: 'x', size: 16, channels: 8 });
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
  const reading = readTrainingImages(await listTrainingImages(images, { size: 8 }), { size: 8 });
  let read = await reading.next();
  while (!read.done) read = await reading.next();
  const training = resolveTraining(parse({ ...small, classes: undefined, sheets: 1 }), read.value, {
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
  ).rejects.toThrow('step 4 with 2 images: not enough memory; there is a checkpoint after step 3 (a smaller batch');
  expect([...(await readFile(join(run.path, 'artifacts/checkpoints/step-000000003.safetensors')))]).toEqual([3]);
  expect(history.curve(8).values.loss).toEqual([1, 1, 1, null, null, null, null, null]);
  await run.interrupt();
});
