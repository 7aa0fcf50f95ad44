import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { StudyReport } from '../../src/ground/contracts/index.ts';
import {
  resumeStudy,
  type StudyConfigurationInput,
  type StudyEvent,
  studyJob,
  studyRun,
} from '../../src/jobs/study/index.ts';
import { planJob } from '../../src/kit/job/index.ts';
import { Graph, reshape, tanh } from '../../src/kit/tensor/index.ts';
import { writeToneClassifier, writeTones } from './folder.ts';

const SCRIPT = `'${process.execPath}' '${resolve(import.meta.dirname, 'outside-generator.ts')}'`;
const TRAIN = `${SCRIPT} train {images} {model} {size} {seed}`;
const SAMPLE = `${SCRIPT} sample {model} {n} {seed} {dir}`;

let root = '';
let configuration: StudyConfigurationInput;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'biolens-outside-'));
  await writeTones(join(root, 'tones'), { n: 40 });
  configuration = {
    images: join(root, 'tones'),
    classifier: await writeToneClassifier(join(root, 'model')),
    attributes: ['tone'],
    sizes: [12, 20],
    kinds: ['command'],
    trainWith: TRAIN,
    sampleWith: SAMPLE,
    imageSize: 8,
    samples: 24,
    seed: 5,
  };
});
afterEach(() => {
  delete process.env.MODE;
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function follow(events: AsyncGenerator<StudyEvent, StudyReport>) {
  let [path, error]: [string, unknown] = ['', null];
  let report: StudyReport | null = null;
  try {
    for await (const event of events) {
      if (event.type === 'run') path = event.path;
      if (event.type === 'result') report = event.report;
    }
  } catch (thrown) {
    error = thrown;
  }
  return { path, report, error };
}
const start = (more: Partial<StudyConfigurationInput> = {}, name = 'study') =>
  follow(studyRun({ ...configuration, ...more }, { runsDir: join(root, 'runs'), name }));

test('a generator of two commands is measured at each size, on the images that it was given', async () => {
  const { path, report, error } = await start();
  expect(error).toBeNull();
  expect(report?.results.map(({ kind, size }) => [kind, size])).toEqual([
    ['command', 12],
    ['command', 20],
  ]);
  for (const { training, samples, attributes, sheet, size } of report?.results ?? []) {
    expect(training).toMatchObject({ parameters: null, steps: null, batchSize: null, epochs: null });
    expect(samples).toBe(24);
    const { training: subset, generated } = attributes.tone!;
    expect(subset.light?.n).toBe(size);
    // It gives its training images out in turn: exactly twice each at size 12.
    if (size === 12) expect(generated.light?.value).toBe(subset.light?.value);
    expect(existsSync(join(path, 'artifacts', sheet))).toBe(true);
  }
  expect(report?.verdict[0]?.headline).toContain('generator of the command');
  const names = async (size: number): Promise<string[]> =>
    JSON.parse(await readFile(join(path, `artifacts/models/command-${size}/model.json`), 'utf8')).names;
  const [small, large] = [await names(12), await names(20)];
  expect(
    small.every(name => large.includes(name)),
    'nested',
  ).toBe(true);
  expect((await readdir(join(path, 'artifacts'))).sort(), 'no copy of an image is left').toEqual([
    'models',
    'samples',
    'sheets',
    'subsets',
  ]);
  expect(await readdir(join(path, 'artifacts/subsets'))).toEqual([]);
  expect(await readdir(join(path, 'artifacts/samples'))).toEqual([]);
});

test.each([
  ['fails', /ended with exit code 1/],
  ['empty', /ended without anything in \{model\}/],
  ['short', /made 23 images in \{dir\}, asked for 24/],
])('a command that %s ends the study in words, and the run goes on when it is mended', async (mode, message) => {
  process.env.MODE = mode;
  const { path, error } = await start({ sizes: [12] }, mode);
  expect(error).toMatchObject({ code: 'external', message: expect.stringMatching(message) });
  delete process.env.MODE;
  const resumed = await follow(resumeStudy(path));
  expect(resumed.error).toBeNull();
  expect(resumed.report?.results[0]?.samples).toBe(24);
});

test('the copies that a command is given have numbers for names, which say no labels, whatever the folder calls them', async () => {
  const images = join(root, 'classes');
  const long = '光'.repeat(40);
  await writeTones(join(images, long), { n: 40 });
  await writeFile(
    join(images, 'labels.csv'),
    (await readFile(join(images, long, 'labels.csv'), 'utf8')).replaceAll(/^(?=\d)/gm, `${long}/`),
  );
  await rm(join(images, long, 'labels.csv'));
  const { path, error } = await start({ images, sizes: [12] }, 'classes');
  expect(error).toBeNull();
  const model = JSON.parse(await readFile(join(path, 'artifacts/models/command-12/model.json'), 'utf8'));
  expect(model.names).toEqual(Array.from({ length: 12 }, (_, i) => `${String(i).padStart(6, '0')}.png`));
});

/** A model that makes an 8 × 8 image of 192 numbers, and its card. */
async function writeModel(folder: string): Promise<void> {
  const graph = new Graph();
  const z = graph.input('z', ['n', 192]);
  graph.output('image', tanh(reshape(z, ['n', 3, 8, 8])));
  await writeFile(join(folder, 'flat.onnx'), graph.build());
  const card = {
    schema: 'biolens/model-card@1',
    kind: 'generator',
    name: 'flat',
    input: { width: 192, distribution: 'normal' },
    output: {},
  };
  await writeFile(join(folder, 'flat.json'), JSON.stringify(card));
}

test('without a command that samples, the model is read: an ONNX file with its card', async () => {
  await mkdir(join(root, 'flat'));
  await writeModel(join(root, 'flat'));
  const copy = `${process.execPath} -e 'require("node:fs").cpSync(process.argv[2], process.argv[3], {recursive: true})' {images} ${join(root, 'flat')} {model}`;
  const { report, error } = await start({ sizes: [12], sampleWith: undefined, trainWith: copy }, 'onnx');
  expect(error).toBeNull();
  expect(report?.results[0]).toMatchObject({ kind: 'command', samples: 24, unclassified: 0 });
});

test('a folder that is no model is refused', async () => {
  const { error } = await start({ sizes: [12], sampleWith: undefined }, 'unread');
  expect(error).toMatchObject({ code: 'input' });
});

test.each<[Partial<StudyConfigurationInput>, string]>([
  [{ trainWith: undefined, sampleWith: undefined }, '"kinds" has "command", which wants --train-with'],
  [{ kinds: ['gan'] }, 'are of use with "command" among --kinds'],
  [{ trainWith: 'train --images {images}' }, '--train-with: {model}, the folder that the model goes to, is missing'],
  [{ trainWith: 'train {model}' }, '--train-with: {images}'],
  [{ sampleWith: 'sample {n} {dir}' }, '--sample-with: {model}, the folder of the model, is missing'],
  [{ sampleWith: 'sample {model} {n}' }, '{dir}'],
  [{ trainWith: 'train {images} {model} | tee log' }, 'is for a shell'],
])('%j is refused before anything is done', async (more, message) => {
  await expect(planJob(studyJob, { ...configuration, ...more })).rejects.toThrow(message);
});

test('the estimate says that it depends on the commands', async () => {
  const { plan } = await planJob(studyJob, configuration);
  expect(plan).toMatchObject({ seconds: null, basis: 'depends on the commands that train and sample' });
});
