import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StudyReport, studyReportSchema } from '../../src/ground/contracts/index.ts';
import {
  resumeStudy,
  type StudyConfigurationInput,
  type StudyEvent,
  studyJob,
  studyRun,
} from '../../src/jobs/study/index.ts';
import { planJob } from '../../src/kit/job/index.ts';
import { writeToneClassifier, writeTones } from './folder.ts';

let root = '';
let configuration: StudyConfigurationInput;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'biolens-study-'));
  const images = join(root, 'tones');
  await writeTones(images, { n: 40 });
  const classifier = await writeToneClassifier(join(root, 'model'));
  configuration = {
    images,
    classifier,
    attributes: ['tone'],
    sizes: [12],
    imageSize: 8,
    budget: { unit: 'steps', value: 4 },
    batchSize: 4,
    samples: 16,
    seed: 5,
  };
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Runs a study to its end, or until `stop` says so after an event. */
async function follow(
  events: (signal: AbortSignal) => AsyncGenerator<StudyEvent, StudyReport>,
  stop: (event: StudyEvent) => boolean = () => false,
): Promise<{ path: string; report: StudyReport | null; events: StudyEvent[] }> {
  const abort = new AbortController();
  const seen: StudyEvent[] = [];
  let path = '';
  let report: StudyReport | null = null;
  try {
    for await (const event of events(abort.signal)) {
      seen.push(event);
      if (event.type === 'run') path = event.path;
      if (event.type === 'result') report = event.report;
      if (stop(event)) abort.abort();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return { path, report, events: seen };
}

/** Without what two runs of one study may differ in. */
function timeless(report: StudyReport | null): unknown {
  return { ...report, results: report?.results.map(({ training, ...rest }) => ({ ...rest, steps: training.steps })) };
}

describe('a study', () => {
  test('measures each kind at each size, and is the same when it is stopped and resumed', async () => {
    const whole = await follow(signal => studyRun(configuration, { runsDir: join(root, 'whole'), signal }));
    const report = studyReportSchema.parse(JSON.parse(await readFile(join(whole.path, 'report.json'), 'utf8')));
    expect(report).toEqual(whole.report);
    expect(report.results.map(({ kind, size }) => `${kind}-${size}`)).toEqual(['gan-12', 'diffusion-12']);
    const tone = report.attributes.tone!;
    expect(tone.whole.light).toMatchObject({ value: 0.75, n: 40 });
    expect(tone.classifier.confusion).toEqual([
      [30, 0],
      [0, 10],
    ]);
    for (const { attributes, samples, training, sheet } of report.results) {
      const { training: subset, generated, corrected, source } = attributes.tone!;
      expect([subset.light!.n, training.epochs]).toEqual([12, 16 / 12]);
      expect(generated.light!.n).toBe(samples);
      expect(source).toEqual({ training: 'labels', generated: 'tone' });
      expect(corrected?.confusionN).toBe(40);
      expect((await readFile(join(whole.path, 'artifacts', sheet))).subarray(1, 4).toString()).toBe('PNG');
    }
    expect(report.comparisons).toMatchObject([{ size: 12, first: 'gan', second: 'diffusion' }]);
    expect(report.verdict.map(({ subject }) => subject)).toEqual(['tone, GAN', 'tone, diffusion model']);
    const [{ level } = { level: 'none' }] = report.verdict;
    const { amplification } = report.results[0]!.attributes.tone!;
    expect(studyJob.headline(report)).toEqual({ label: 'amplification', metric: amplification, unit: 'number', level });

    const runsDir = join(root, 'stopped');
    const inTraining = (event: StudyEvent): boolean =>
      event.type === 'progress' && event.stage === 'training diffusion-12' && event.done === 2;
    const stopped = await follow(signal => studyRun(configuration, { runsDir, signal }), inTraining);
    expect(stopped.report).toBeNull();
    const inSampling = (event: StudyEvent): boolean =>
      event.type === 'progress' && event.stage === 'sampling diffusion-12' && event.done === 0;
    const second = await follow(signal => resumeStudy(stopped.path, { signal }), inSampling);
    const training = second.events.find(event => event.type === 'progress' && event.stage === 'training diffusion-12');
    expect(training).toMatchObject({ done: 2 });
    const resumed = await follow(signal => resumeStudy(stopped.path, { signal }));
    expect(timeless(resumed.report)).toEqual(timeless(whole.report));
    const again = resumed.events.flatMap(event => (event.type === 'progress' ? [event.stage] : []));
    expect(again).not.toContain('training gan-12');
    expect(again).not.toContain('training diffusion-12');
    expect(await readdir(join(stopped.path, 'artifacts', 'checkpoints'))).toEqual([]);
    await expect(resumeStudy(stopped.path).next()).rejects.toThrow('this run is done');
  }, 120_000);

  test('takes sizes in order, and leaves out one that the folder has not images enough for', async () => {
    const input = {
      ...configuration,
      sizes: [20, 41, 12],
      kinds: ['gan' as const],
      budget: { unit: 'epochs' as const, value: 0.5 },
    };
    const { report, events } = await follow(signal => studyRun(input, { runsDir: join(root, 'larger'), signal }));
    const refused = { size: 41, reason: `${configuration.images} has 40 images` };
    expect(events).toContainEqual({ type: 'refused', ...refused });
    expect(report).toMatchObject({ sizes: [12, 20], refused: [refused] });
    expect(report?.results.map(({ size, training }) => [size, training.steps])).toEqual([
      [12, 2],
      [20, 3],
    ]);
    expect(report?.results.map(({ attributes }) => attributes.tone!.training.light!.n)).toEqual([12, 20]);
  }, 120_000);

  test('refuses to go on when the folder has changed', async () => {
    const images = join(root, 'changing');
    await writeTones(images, { n: 20 });
    const input = { ...configuration, images };
    const early = (event: StudyEvent): boolean => event.type === 'progress' && event.stage === 'labelling images';
    const { path } = await follow(signal => studyRun(input, { runsDir: join(root, 'changed'), signal }), early);
    await writeFile(join(images, '000.png'), await readFile(join(images, '001.png')));
    await expect(follow(signal => resumeStudy(path, { signal }))).rejects.toThrow('its images have changed since');
  });
});

test('what it would do is told without doing it', async () => {
  const { plan, configuration: decided } = await planJob(
    studyJob,
    { ...configuration, attributes: ['tone', 'tone'], kinds: ['gan', 'gan'] },
    { runsDir: join(root, 'never') },
  );
  // Named twice is once.
  expect([decided.attributes, decided.kinds]).toEqual([['tone'], ['gan']]);
  expect(plan.reads).toEqual([
    { what: 'images', path: configuration.images, amount: '40 images' },
    { what: 'labels', path: join(configuration.images, 'labels.csv'), amount: 'tone' },
  ]);
  const budget = { unit: 'steps' as const, value: 4000 };
  const longer = await planJob(studyJob, { ...configuration, budget }, { runsDir: join(root, 'never') });
  expect(longer.plan.seconds).toBeGreaterThan(10 * plan.seconds!);
  expect(longer.plan.memoryBytes).toBeGreaterThan(1e6);
});

describe('wrong input is named before a run is made', () => {
  const cases: readonly (readonly [string, Partial<StudyConfigurationInput>, string])[] = [
    ['all sizes too large', { sizes: [41, 99] }, '"sizes" expected one of at most 40'],
    [
      'an attribute without labels',
      { attributes: ['tone', 'age'] },
      'labels.csv: no column "age", there are tone, shape',
    ],
    [
      'an attribute that the classifier lacks',
      { attributes: ['shape'] },
      'the classifier tone says nothing of "shape"',
    ],
    [
      'an attribute that is nearly one',
      { attributes: ['tones'] },
      'no column "tones", there are tone, shape, did you mean "tone"?',
    ],
    [
      'a target of something else',
      { target: { tune: { light: 1 } } },
      'target: "tune" is not one of the attributes tone, did you mean "tone"?',
    ],
    ['a side that is no power of two', { imageSize: 24 }, '"imageSize" expected a power of two'],
    ['a folder that is not there', { images: 'nowhere' }, 'no such file or folder'],
    ['a classifier that is not there', { classifier: 'none.onnx' }, 'none.onnx'],
  ];
  test.each(cases)('%s', async (_, change, message) => {
    const runsDir = join(root, 'never');
    const events = studyRun({ ...configuration, ...change }, { runsDir });
    await expect(events.next()).rejects.toThrow(message);
    await expect(readdir(runsDir)).rejects.toThrow('ENOENT');
  });

  test('a label that is none of the classes', async () => {
    const labels = join(root, 'grey.csv');
    await writeFile(labels, 'file,tone\n000.png,grey\n');
    const events = studyRun({ ...configuration, labels }, { runsDir: join(root, 'never') });
    await expect(events.next()).rejects.toThrow('grey.csv: tone "grey" is not a class of the classifier tone');
  });
});
