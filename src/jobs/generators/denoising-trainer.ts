import { BiolensError } from '../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../ground/math/index.ts';
import * as t from '../../kit/tensor/index.ts';
import type { DiffusionModel } from './model.ts';
import { drawNoise } from './noise/draw.ts';
import { noiseLevel } from './noise/prediction.ts';
import { alphasCumulative } from './noise/schedule.ts';
import { checkLabels } from './sampler.ts';
import { buildUNet, timeFeatures, timeFeatureWidth } from './unet/network.ts';

export interface DenoisingStepOptions {
  /** Images of a step. */
  readonly batch: number;
  /** Default Adam. */
  readonly optimiser?: t.Optimiser;
  /** Longest gradient. Default 1; null: as long as it is. */
  readonly clipNorm?: number | null;
  /** Share of the old average of the weights; null (the default): no average is kept. */
  readonly emaDecay?: number | t.Schedule | null;
  /** `slices` for WebGPU; a trainer knows by its runtime. Default `split`. */
  readonly vectorForm?: t.VectorForm;
  /**
   * Parts of a batch that are computed side by side; changes no number but by rounding. A trainer takes one a thread of the CPU (up to 8)
   * where the batch can be split so, and one on other devices. Default 1.
   */
  readonly parts?: number;
}

export interface DenoisingTrainerOptions extends DenoisingStepOptions {
  readonly learningRate: t.Schedule;
  /** Where to resume: a state, or the bytes of a checkpoint. By default training starts at the model's weights. */
  readonly from?: t.TrainingState | Uint8Array | undefined;
  /** What messages call the checkpoint. */
  readonly file?: string;
}

export interface DenoisingBatch {
  /** `[b, c, h, w]` in [−1, 1] */
  readonly images: Float32Array;
  /** `[b]`, of any sign: what each image's error is multiplied by. 1 by default. */
  readonly weights?: Float32Array | undefined;
  /** Classes by index, `[b]`, for a model of classes. */
  readonly labels?: ArrayLike<number> | undefined;
  /** With the number of the step it gives times, noise and dropout: the same key can be used for all steps. */
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
}

export interface DenoisingResult extends Omit<t.StepResult, 'outputs'> {
  /** mean((prediction − target)²) of each image, without its weight, `[b]` */
  readonly errors: Float32Array;
  /** The time of each image, `[b]` */
  readonly times: Int32Array;
}

export interface DenoisingTrainer {
  /** As the last finished step left it. */
  readonly state: t.TrainingState;
  /** What {@link t.writeTrainingState} and {@link t.readTrainingState} need. */
  readonly training: t.TrainingStep;
  /**
   * Trains on a batch by (1/b)·Σᵢ wᵢ·mean((prediction − target)²), each image at a time and with noise of its own.
   *
   * @throws {BiolensError} `usage` for a batch that does not fit; `input` when the loss is no finite number: the state stays as it was;
   *   `interrupted`; `external` when memory is short.
   */
  readonly step: (batch: DenoisingBatch) => Promise<DenoisingResult>;
  /** The state as a file, for `from`. */
  readonly checkpoint: () => Uint8Array;
  /** The model as trained so far: its weights, or their moving average. */
  readonly model: (options?: { readonly average?: boolean }) => DiffusionModel;
  readonly close: () => Promise<void>;
}

/** Names and shapes of the masks that dropout takes. */
type Masks = Map<string, readonly number[]>;

function imageError(prediction: t.Value, target: t.Value): t.Value {
  const error = t.sub(prediction, target);
  return t.reduceMean(t.mul(error, error), { axes: [1, 2, 3] });
}

/** Finds the masks by writing the network down once. */
function findMasks(model: DiffusionModel, batch: number): Masks {
  const masks: Masks = new Map();
  if (model.config.dropout === 0) return masks;
  const { config, parameters } = model;
  const graph = new t.Graph();
  buildUNet(
    {
      config,
      lookup: parameters.lookupIn(parameters.list.map(({ name, shape }) => graph.input(name, shape))),
      dropOut: x => {
        masks.set(`mask.${masks.size}`, x.shape.map(Number));
        return x;
      },
    },
    {
      x: graph.input('x', [batch, config.inChannels, config.size, config.size]),
      time: graph.input('time', [batch, timeFeatureWidth(config)]),
      labels: config.classCount === null ? undefined : graph.input('labels', [batch], 'int64'),
    },
  );
  return masks;
}

/** Each part has working memory of its own. */
const MOST_PARTS = 8;

/** The most parts of equal size, up to one a thread. */
function partsOf(batch: number, { device, threads }: t.Runtime): number {
  let parts = device === 'cpu' ? Math.min(batch, threads, MOST_PARTS) : 1;
  while (parts > 1 && batch % parts !== 0) parts--;
  return parts;
}

interface DenoisingStep {
  readonly training: t.TrainingStep;
  readonly masks: Masks;
}

function buildStep(
  model: DiffusionModel,
  { batch, optimiser = t.adam(), clipNorm = 1, emaDecay = null, vectorForm = 'split', parts = 1 }: DenoisingStepOptions,
): DenoisingStep {
  if (!Number.isInteger(batch) || batch < 1)
    throw new BiolensError('usage', `"batch" expected a whole number from 1, got ${batch}`);
  const { config, parameters } = model;
  const { dropout } = config;
  const image = [batch, config.inChannels, config.size, config.size];
  const masks = findMasks(model, batch);
  const training = t.buildTrainingStep({
    parameters,
    optimiser,
    vectorForm,
    parts,
    ...(clipNorm === null ? {} : { clipNorm }),
    ...(emaDecay === null ? {} : { emaDecay }),
    inputs: {
      x: { shape: image },
      target: { shape: image },
      time: { shape: [batch, timeFeatureWidth(config)] },
      weights: { shape: [batch] },
      ...(config.classCount === null ? {} : { labels: { shape: [batch], dtype: 'int64' as const } }),
      ...Object.fromEntries([...masks].map(([name, shape]) => [name, { shape, dtype: 'bool' as const }])),
    },
    objective: ({ lookup, inputs }) => {
      let layer = 0;
      const dropOut = (h: t.Value) => t.dropout(h, inputs[`mask.${layer++}`]!, { rate: dropout });
      const context = { config, lookup, dropOut: dropout === 0 ? null : dropOut };
      const prediction = buildUNet(context, { x: inputs.x!, time: inputs.time!, labels: inputs.labels });
      const errors = imageError(prediction, inputs.target!);
      return { loss: t.reduceMean(t.mul(errors, inputs.weights!)), outputs: { errors } };
    },
  });
  return { training, masks };
}

/** Networks that can be sampled, and not trained. */
function checkTrainable({ config, noise }: DiffusionModel): void {
  if (config.timeEmbedding === 'fourier')
    throw new BiolensError('input', 'a model with a Fourier time embedding can be sampled here, not trained');
  if (noise.learnedVariance === true || config.inChannels !== config.outChannels)
    throw new BiolensError('input', 'a model of learned variance can be sampled here, not trained');
}

/**
 * The step of training as one graph; with it a state is read and written without a trainer.
 *
 * @throws {BiolensError} `usage` for settings that do not fit.
 */
export function buildDenoisingStep(model: DiffusionModel, options: DenoisingStepOptions): t.TrainingStep {
  return buildStep(model, options).training;
}

/**
 * Times of a batch, spread evenly over 0 … T − 1 from a random start (Kingma et al. 2021, appendix I.1): each image's time is uniform, and the
 * loss varies less than with independent ones.
 */
export function drawTimes(
  key: RandomKey,
  { batch, trainSteps }: { readonly batch: number; readonly trainSteps: number },
): Int32Array {
  const stream = openStream(key);
  const start = stream.uniform();
  const times = Int32Array.from({ length: batch }, (_, i) =>
    Math.min(Math.floor(((start + i / batch) % 1) * trainSteps), trainSteps - 1),
  );
  return stream.shuffle(times);
}

/**
 * Loads a model for training; weights of single images let rewards and regularisers in.
 *
 * The same model, options, keys and batches give the same numbers on the same machine with as many threads.
 *
 * @throws {BiolensError} `usage` for settings that do not fit; `input` naming the checkpoint that does not fit the model.
 * @example
 * const trainer = await openDenoisingTrainer(runtime, model, { batch: 32, learningRate: constantSchedule(1e-3), emaDecay: 0.995 });
 * const { loss } = await trainer.step({ images, key: randomKey(1) });
 */
export async function openDenoisingTrainer(
  runtime: t.Runtime,
  model: DiffusionModel,
  { learningRate, from, file = 'checkpoint', ...options }: DenoisingTrainerOptions,
): Promise<DenoisingTrainer> {
  const { config, noise: schedule, parameters } = model;
  checkTrainable(model);
  const { batch } = options;
  const { training, masks } = buildStep(model, {
    vectorForm: runtime.device === 'webgpu' ? 'slices' : 'split',
    parts: partsOf(batch, runtime),
    ...options,
  });
  const start = from instanceof Uint8Array ? t.readTrainingState(training, from, { file }) : from;
  const trainer = await t.openTrainer(runtime, {
    step: training,
    state: start ?? t.startTraining(training, { weights: model.weights }),
    learningRate,
  });
  const alphas = alphasCumulative(schedule);
  const shape = [config.inChannels, config.size, config.size];
  const size = t.sizeOf(shape);

  /** x_t and what the network is to predict of it. */
  const bury = (images: Float32Array, epsilon: Float32Array, times: Int32Array) => {
    const x = new Float32Array(images.length);
    const target = new Float32Array(images.length);
    for (let i = 0; i < batch; i++) {
      const { alpha, sigma } = noiseLevel(alphas[times[i]!]!);
      for (let j = i * size; j < (i + 1) * size; j++) {
        const [x0, e] = [images[j]!, epsilon[j]!];
        x[j] = alpha * x0 + sigma * e;
        target[j] = schedule.prediction === 'v' ? alpha * e - sigma * x0 : schedule.prediction === 'epsilon' ? e : x0;
      }
    }
    return { x, target };
  };

  return {
    training,
    get state() {
      return trainer.state;
    },
    step: async ({ images, weights, labels, key, signal }) => {
      if (images.length !== batch * size)
        throw new BiolensError('usage', `"images" expected ${batch} × ${size} numbers, got ${images.length}`);
      if (weights !== undefined && weights.length !== batch)
        throw new BiolensError('usage', `"weights" expected ${batch} numbers, got ${weights.length}`);
      const classes = checkLabels(labels, { classCount: config.classCount, n: batch });
      const ofStep = foldIn(key, trainer.stepsDone + 1);
      const times = drawTimes(foldIn(ofStep, 'times'), { batch, trainSteps: schedule.trainSteps });
      const { x, target } = bury(images, drawNoise(foldIn(ofStep, 'noise'), 0, batch, shape), times);
      const drop = foldIn(ofStep, 'dropout');
      const masksNow = [...masks].map(([name, shape], layer) => [
        name,
        t.drawDropoutMask(drop, { step: layer, shape, rate: config.dropout }),
      ]);
      const feeds: Record<string, t.TensorData> = {
        x: t.float32(x, [batch, ...shape]),
        target: t.float32(target, [batch, ...shape]),
        time: t.float32(timeFeatures(times, config), [batch, timeFeatureWidth(config)]),
        weights: t.float32(weights ?? new Float32Array(batch).fill(1), [batch]),
        ...(classes === null ? {} : { labels: { dtype: 'int64', shape: [batch], data: classes } as const }),
        ...Object.fromEntries(masksNow),
      };
      const { outputs, ...result } = await trainer.run(feeds, { signal });
      const { errors } = outputs;
      if (errors?.dtype !== 'float32') throw new BiolensError('external', 'the engine gave no float32 output "errors"');
      return { ...result, errors: errors.data, times };
    },
    checkpoint: () => t.writeTrainingState(training, trainer.state),
    model: ({ average = false } = {}) => {
      const { weights, average: averaged } = trainer.state;
      if (average && averaged === null)
        throw new BiolensError('usage', 'model: no average of the weights is kept; set "emaDecay"');
      return { ...model, parameters, weights: average && averaged !== null ? averaged : weights };
    },
    close: () => trainer.close(),
  };
}
