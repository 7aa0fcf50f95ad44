import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type DiffusionReport, diffusionReportSchema } from '../../../ground/contracts/index.ts';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, randomKey } from '../../../ground/math/index.ts';
import { carryOut, createRun, openRun, type Run, readRunRecord } from '../../../kit/runs/index.ts';
import { openRuntime } from '../../../kit/tensor/node.ts';
import { GENERATORS, type GeneratorTrainer } from '../generator/index.ts';
import type { DiffusionModel } from '../model.ts';
import { dropCheckpoints, newestCheckpoint } from './checkpoints.ts';
import { parseTraining, type ResolvedTraining, type TrainConfigurationInput } from './configuration.ts';
import { TrainingHistory, trainItemSchema } from './items.ts';
import { checkStart, readStart, resolveTraining, settingsOf } from './settings.ts';
import { readTrainingImages, type TrainingImages } from './training-images.ts';
import { runTraining, type TrainProgress } from './training-loop.ts';

/** What the training of a generator says while it goes on. */
export type TrainEvent =
  | { readonly type: 'reading'; readonly done: number; readonly total: number }
  | { readonly type: 'run'; readonly id: string; readonly path: string }
  | TrainProgress
  | {
      readonly type: 'result';
      readonly id: string;
      readonly path: string;
      /** The model's folder. */
      readonly model: string;
      readonly report: DiffusionReport;
    };

export interface TrainRunOptions {
  /** Where runs go; `runs` in the current folder by default. */
  readonly runsDir?: string | undefined;
  /** Ends the name of the run's folder; by default that of the folder of images. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const KIND = 'diffusion';

/** An output that would be refused after the training is refused before it. */
async function checkOutput(folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw fileError(folder, error, 'write');
  });
  if (found.length > 0 && !found.includes('model_index.json') && !found.includes('gan.json'))
    throw new BiolensError('input', `${folder}: holds other files; name a new or empty folder`, {
      details: { file: folder },
    });
}

async function* readImages(
  configuration: Parameters<typeof resolveTraining>[0],
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, TrainingImages> {
  const { images, size, labels, classes } = configuration;
  const reading = readTrainingImages(images, { size, labels, classes, signal });
  for (;;) {
    const read = await reading.next();
    if (read.done) return read.value;
    yield { type: 'reading', ...read.value };
  }
}

function reportOf(
  trainer: GeneratorTrainer,
  { training, images, history }: { training: ResolvedTraining; images: TrainingImages; history: TrainingHistory },
): DiffusionReport {
  const { steps, batchSize, sampling, channels, layersPerBlock, dropout, prediction, learningRate, seed, threads } =
    training;
  const { preset, from, mirror, shift, colour } = training;
  const { labels, classes } = images;
  const { seconds, sheets } = history;
  const counts = classes?.map((name, index) => [name, labels?.filter(label => label === index).length ?? 0]);
  const last = sheets.at(-1);
  const ofDiffusion = training.kind === 'diffusion' ? { layersPerBlock, dropout, prediction } : {};
  const settings = {
    preset,
    ...(from === undefined ? {} : { from }),
    channels,
    ...ofDiffusion,
    learningRate,
    mirror,
    shift,
    colour,
    seed,
    threads,
  };
  return diffusionReportSchema.parse({
    schema: 'biolens/diffusion@1',
    kind: training.kind,
    images: {
      source: images.source,
      n: images.n,
      size: images.size,
      resized: images.resized,
      classes: counts === undefined ? null : { attribute: images.attribute, counts: Object.fromEntries(counts) },
    },
    network: { parameters: trainer.parameters, description: trainer.description },
    training: {
      steps,
      batchSize,
      epochs: (steps * batchSize) / images.n,
      seconds,
      stepsPerSecond: seconds > 0 ? steps / seconds : null,
      settings,
    },
    curve: history.curve(steps),
    sheets: sheets.map(({ seconds: _, ...sheet }) => sheet),
    sampling: {
      method: training.kind === 'gan' ? 'gan' : sampling.method,
      steps: training.kind === 'gan' ? 1 : sampling.steps,
      secondsPerImage: last === undefined ? null : last.seconds / last.n,
    },
    model: 'artifacts/model',
    skipped: images.skipped,
  });
}

function digestWeights({ weights }: DiffusionModel): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}

interface Prepared {
  readonly training: ResolvedTraining;
  readonly images: TrainingImages;
  /** The model that training goes on from. */
  readonly start: DiffusionModel | null;
}

/** Trains from the run's newest checkpoint to the end, and saves the model. */
async function* work(
  run: Run,
  { training, images, start }: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, DiffusionReport> {
  const digests = { images: images.digest, ...(start === null ? {} : { from: digestWeights(start) }) };
  const known = run.record.provenance.digests;
  if (known.images !== undefined && known.images !== digests.images)
    throw new BiolensError('input', `${images.source}: its images or labels are not those that the run began with`);
  if (known.from !== undefined && known.from !== digests.from)
    throw new BiolensError('input', `${training.from}: its weights are not those that the run began with`);
  const history = new TrainingHistory();
  for await (const item of run.items(trainItemSchema)) history.add(item);
  const runtime = await openRuntime({ device: training.device, threads: training.threads, signal });
  try {
    await run.note({ digests, engine: runtime.engine, device: runtime.device });
    const key = foldIn(randomKey(training.seed), 'train');
    const settings = settingsOf(training, images, start);
    const checkpoint = await newestCheckpoint(run);
    const trainer = await GENERATORS[training.kind]
      .openTrainer(runtime, { settings, key, checkpoint })
      .catch((error: unknown) => {
        if (checkpoint === null || !(error instanceof BiolensError) || error.code !== 'input') throw error;
        throw new BiolensError('input', `${error.message}; ${checkpoint.remedy}`, { cause: error });
      });
    yield* runTraining(run, trainer, { training, images, history, key, signal });
    throwIfAborted(signal);
    await trainer.save(await run.artifactPath('model'));
    if (training.output !== undefined) await trainer.save(training.output);
    return reportOf(trainer, { training, images, history });
  } finally {
    await runtime.close();
  }
}

/** Trains within an open run, and ends the run: as done, as interrupted, or as failed with the reason. */
async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, DiffusionReport> {
  const report = yield* carryOut(run, () => work(run, prepared, signal));
  await dropCheckpoints(run);
  const model = prepared.training.output ?? join(run.path, report.model);
  yield { type: 'result', id: run.id, path: run.path, model, report };
  return report;
}

/**
 * Trains a generator on a folder of images as a run: a folder that can be killed at any instant and resumed, to the same weights.
 *
 * Wrong input is found before the run's folder is made.
 *
 * @param input what to train on and how; defaults are those of `trainConfigurationSchema` and its preset
 * @returns events, and at the end the report, which is in the run's `report.json` too
 * @throws {BiolensError} `usage` or `input` naming the field or file; `interrupted` when the signal is aborted, with the run left to be
 *   resumed; `external` when memory is short, with the last state kept
 */
export async function* trainRun(
  input: TrainConfigurationInput,
  { runsDir, name, signal }: TrainRunOptions = {},
): AsyncGenerator<TrainEvent, DiffusionReport> {
  const configuration = parseTraining(input);
  await checkOutput(configuration.output);
  checkStart(configuration);
  const start = await readStart(configuration);
  // What can be told to be wrong before the images are read.
  const named = configuration.classes === undefined ? null : ['?'];
  resolveTraining(configuration, { classes: named, attribute: null }, { freeBytes: Number.POSITIVE_INFINITY });
  const images = yield* readImages(configuration, signal);
  const training = resolveTraining(configuration, images, { freeBytes: process.availableMemory(), start });
  const run = await createRun({
    kind: KIND,
    name: name ?? basename(training.images),
    configuration: training,
    seed: training.seed,
    ...(runsDir === undefined ? {} : { runsDir }),
  });
  return yield* workOn(run, { training, images, start }, signal);
}

/**
 * Goes on with training that was interrupted, failed or was killed, from its newest checkpoint.
 *
 * @param path the run's folder
 * @throws {BiolensError} `usage` when the run is done, trains no generator or is worked on by another process; `input` when its images have
 *   changed or its checkpoint is damaged; otherwise as {@link trainRun}
 */
export async function* resumeTraining(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<TrainEvent, DiffusionReport> {
  const record = await readRunRecord(path);
  if (record.kind !== KIND)
    throw new BiolensError('usage', `${path}: expected the training of a generator, got a run of ${record.kind}`);
  const configuration = parseTraining(record.configuration);
  const start = await readStart(configuration);
  const images = yield* readImages(configuration, signal);
  const training = resolveTraining(configuration, images, { freeBytes: process.availableMemory(), start });
  return yield* workOn(await openRun(resolve(path)), { training, images, start }, signal);
}
