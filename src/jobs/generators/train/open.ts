import { createHash } from 'node:crypto';
import type { DiffusionReport } from '../../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, randomKey } from '../../../ground/math/index.ts';
import type { OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import { openRuntime } from '../../../kit/tensor/node.ts';
import { GENERATORS } from '../generator/index.ts';
import type { DiffusionModel } from '../model.ts';
import { checkReplaceable } from '../write-folder.ts';
import { dropCheckpoints, newestCheckpoint } from './checkpoints.ts';
import type { ResolvedTraining, TrainConfiguration } from './configuration.ts';
import { TrainingHistory, trainItemSchema } from './items.ts';
import { type ListedImages, listTrainingImages } from './list-images.ts';
import type { TrainStep } from './news.ts';
import { planTraining } from './plan.ts';
import { reportOf } from './report.ts';
import { readStart, resolveTraining, settingsOf } from './settings.ts';
import { readTrainingImages, type TrainingImages } from './training-images.ts';
import { runTraining } from './training-loop.ts';

function digestWeights({ weights }: DiffusionModel): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}

interface Prepared {
  readonly training: ResolvedTraining;
  /** The model that training starts from. */
  readonly start: DiffusionModel | null;
}

/** Checks that a run resumes with the images and weights that it began with. */
function checkDigests(
  known: Readonly<Record<string, string>>,
  digests: Readonly<Record<string, string>>,
  { images, from }: ResolvedTraining,
): void {
  if (known.images !== undefined && known.images !== digests.images)
    throw new BiolensError('input', `${images}: its images or labels are not those that the run began with`);
  if (known.from !== undefined && known.from !== digests.from)
    throw new BiolensError('input', `${from}: its weights are not those that the run began with`);
}

/** Trains from the run's newest checkpoint to the end, and saves the model. */
async function* train(
  run: Run,
  { training, start, images }: Prepared & { readonly images: TrainingImages },
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainStep, DiffusionReport> {
  const digests = { images: images.digest, ...(start === null ? {} : { from: digestWeights(start) }) };
  checkDigests(run.record.provenance.digests, digests, training);
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

async function* work(
  run: Run,
  { listed, ...prepared }: Prepared & { readonly listed: ListedImages },
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainStep, DiffusionReport> {
  const images = yield* readTrainingImages(listed, { size: prepared.training.size, signal });
  return yield* train(run, { ...prepared, images }, signal);
}

/** Lists the images of a training, reads its labels and the model it starts from, and decides what was left open; see `trainingJob`. */
export async function* openTraining(
  configuration: TrainConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<TrainStep, OpenedJob<TrainConfiguration, TrainStep, DiffusionReport>> {
  const { output, kind } = configuration;
  // What would be refused after the training is refused before it.
  if (output !== undefined) await checkReplaceable(output, GENERATORS[kind].files);
  const start = await readStart(configuration);
  const { images, size, labels, classes } = configuration;
  const listed = await listTrainingImages(images, { size, labels, classes, signal });
  const training = resolveTraining(
    configuration,
    { classes: listed.classes?.names ?? null, attribute: listed.classes?.attribute ?? null },
    { freeBytes: process.availableMemory() - listed.bytes, start },
  );
  return {
    configuration: training,
    plan: planTraining(training, listed, start),
    work: run => work(run, { training, start, listed }, signal),
    finish: dropCheckpoints,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
