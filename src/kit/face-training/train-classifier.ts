import { basename } from 'node:path';
import { type ModelCard, modelCardSchema } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, openStream, type RandomKey, randomKey } from '../../ground/math/index.ts';
import { toTensor } from '../images/index.ts';
import {
  adamW,
  add,
  buildTrainingStep,
  collectParameters,
  cosineSchedule,
  crossEntropy,
  type DeviceChoice,
  float32,
  openTrainer,
  type ParameterSet,
  type Runtime,
  reshape,
  slice,
  startTraining,
  type Trainer,
  type TrainingStep,
  type Value,
  warmUpSchedule,
} from '../tensor/index.ts';
import { openRuntime } from '../tensor/node.ts';
import { Augmenter } from './augment.ts';
import { holdOut } from './hold-out.ts';
import { type Example, type LearntAttribute, type ReadProgress, readLabelled } from './labelled-images.ts';
import { measureHeldOut } from './measure.ts';
import { checkModelFile, writeModelFile } from './model-file.ts';
import { classifierNetwork, NETWORK_INPUT, NETWORK_OUTPUT, SIDES, trainedModel } from './network.ts';

export const TRAINING_DEFAULTS = { size: 32, steps: 1000, heldOut: 0.2, seed: 1 } as const;
const BATCH = 32;
const LEARNING_RATE = 2e-3;
const WARM_UP_STEPS = 20;
const WEIGHT_DECAY = 0.01;
const CLIP_NORM = 2;
/** Share of the old average in the moving average of the weights, which is what is kept. */
const AVERAGE_DECAY = 0.99;
/** How much more an image of a rare class counts, at most, than the average one. */
const MOST_WEIGHT = 10;

export interface TrainClassifierOptions {
  /** Columns of the labels to learn, such as `gender`. */
  readonly attributes: readonly string[];
  /** The ONNX file to write; its model card goes beside it. */
  readonly output: string;
  /** Table of labels; by default `labels.csv` in the folder, or a folder per class where one attribute is learnt. */
  readonly labels?: string | undefined;
  /** Side that images are resized to: 16, 32, 64 or 128. Default 32. */
  readonly size?: number | undefined;
  /** Batches of 32. Default 1000. */
  readonly steps?: number | undefined;
  /** Share of the images that is kept to measure by, 0 to 0.5. Default 0.2. */
  readonly heldOut?: number | undefined;
  readonly seed?: number | undefined;
  readonly device?: DeviceChoice | undefined;
  /** Of the CPU; all by default. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What training left behind. */
export interface TrainedClassifier {
  readonly output: string;
  readonly card: string;
  readonly attributes: readonly LearntAttribute[];
  readonly pictures: { readonly training: number; readonly heldOut: number };
  readonly evaluation: NonNullable<ModelCard['evaluation']>;
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export type TrainClassifierEvent =
  | ReadProgress
  | { readonly type: 'step'; readonly done: number; readonly total: number; readonly loss: number }
  | ({ readonly type: 'result' } & TrainedClassifier);

async function checkOptions({
  output,
  size,
  heldOut,
  attributes,
}: Required<Pick<TrainClassifierOptions, 'output' | 'attributes'>> & { size: number; heldOut: number }): Promise<void> {
  if (!SIDES.some(side => side === size))
    throw new BiolensError('usage', `"size" expected one of ${SIDES.join(', ')}, got ${size}`);
  if (!(heldOut > 0 && heldOut <= 0.5))
    throw new BiolensError('usage', `"heldOut" expected a share above 0 and at most 0.5, got ${heldOut}`);
  if (attributes.length === 0 || new Set(attributes).size < attributes.length)
    throw new BiolensError('usage', '"attributes" expected one or more different names');
  await checkModelFile(output);
}

const labelName = (attribute: number) => `labels${attribute}`;
const weightName = (attribute: number) => `weights${attribute}`;

function lossOf(attributes: readonly LearntAttribute[], logits: Value, inputs: Readonly<Record<string, Value>>): Value {
  let start = 0;
  const parts = attributes.map(({ classes }, a) => {
    const own = slice(logits, [{ axis: 1, start, end: start + classes.length }]);
    start += classes.length;
    return crossEntropy(reshape(own, [BATCH, classes.length]), inputs[labelName(a)]!, {
      sampleWeights: inputs[weightName(a)]!,
    });
  });
  return parts.reduce((sum, part) => add(sum, part));
}

function buildStep(attributes: readonly LearntAttribute[], size: number): TrainingStep {
  const width = attributes.flatMap(({ classes }) => classes).length;
  const shape = [BATCH, 3, size, size] as const;
  const parameters = collectParameters((lookup, graph) =>
    classifierNetwork(lookup, graph.input(NETWORK_INPUT, shape), width),
  );
  const perAttribute = attributes.flatMap((_, a) => [
    [labelName(a), { shape: [BATCH], dtype: 'int64' }] as const,
    [weightName(a), { shape: [BATCH] }] as const,
  ]);
  return buildTrainingStep({
    parameters,
    inputs: { [NETWORK_INPUT]: { shape }, ...Object.fromEntries(perAttribute) },
    objective: ({ lookup, inputs }) => ({
      loss: lossOf(attributes, classifierNetwork(lookup, inputs[NETWORK_INPUT]!, width), inputs),
    }),
    optimiser: adamW({ weightDecay: WEIGHT_DECAY }),
    clipNorm: CLIP_NORM,
    // The average starts at the first weights, so it looks back over a tenth of the steps at most.
    emaDecay: count => Math.min(AVERAGE_DECAY, (count - 1) / (count + 9)),
  });
}

/** Weights that make classes count alike, as the model shall not lean to the class shares that it was trained on; 1 on average. */
function classWeights(attributes: readonly LearntAttribute[], training: readonly Example[]): number[][] {
  return attributes.map(({ classes }, a) => {
    const counts = classes.map((_, c) => training.filter(({ labels }) => labels[a] === c).length);
    const labelled = counts.reduce((sum, count) => sum + count, 0);
    return counts.map(count => (count === 0 ? 0 : Math.min(MOST_WEIGHT, labelled / (classes.length * count))));
  });
}

/** Deals batches out of one shuffled pass over the examples after the other. */
class Batches {
  readonly #examples: readonly Example[];
  readonly #size: number;
  readonly #key: RandomKey;
  readonly #augmenter: Augmenter;
  readonly #weights: readonly (readonly number[])[];

  constructor(
    examples: readonly Example[],
    {
      size,
      key,
      weights,
    }: { readonly size: number; readonly key: RandomKey; readonly weights: readonly (readonly number[])[] },
  ) {
    this.#examples = examples;
    this.#size = size;
    this.#key = key;
    this.#weights = weights;
    this.#augmenter = new Augmenter(size, key);
  }

  /** The order of a pass. */
  #pass(number: number): number[] {
    const n = this.#examples.length;
    return openStream(foldIn(foldIn(this.#key, 'pass'), number)).sampleWithoutReplacement(n, n);
  }

  /** Batch number `step`, counted from 0: a function of the key alone. */
  deal(step: number): Parameters<Trainer['run']>[0] {
    const plane = 3 * this.#size ** 2;
    const data = new Float32Array(BATCH * plane);
    const passes = new Map<number, number[]>();
    const stream = openStream(foldIn(foldIn(this.#key, 'batch'), step));
    const labels = this.#weights.map(() => new BigInt64Array(BATCH));
    const weights = this.#weights.map(() => new Float32Array(BATCH));
    for (let i = 0; i < BATCH; i++) {
      const at = step * BATCH + i;
      const pass = Math.floor(at / this.#examples.length);
      if (!passes.has(pass)) passes.set(pass, this.#pass(pass));
      const example = this.#examples[passes.get(pass)![at % this.#examples.length]!]!;
      this.#augmenter.write(example.image, stream, data.subarray(i * plane, (i + 1) * plane));
      example.labels.forEach((label, a) => {
        if (label === null) return;
        labels[a]![i] = BigInt(label);
        weights[a]![i] = this.#weights[a]![label]!;
      });
    }
    const perAttribute = this.#weights.flatMap((_, a) => [
      [labelName(a), { dtype: 'int64', shape: [BATCH], data: labels[a]! }] as const,
      [weightName(a), float32(weights[a]!, [BATCH])] as const,
    ]);
    return {
      [NETWORK_INPUT]: float32(data, [BATCH, 3, this.#size, this.#size]),
      ...Object.fromEntries(perAttribute),
    };
  }
}

/** The logits of examples as they are. */
async function predict(
  runtime: Runtime,
  model: Uint8Array,
  {
    examples,
    size,
    signal,
  }: { readonly examples: readonly Example[]; readonly size: number; readonly signal: AbortSignal | undefined },
): Promise<Float32Array[]> {
  const session = await runtime.load(model, { file: 'trained classifier' });
  const rows: Float32Array[] = [];
  for (let start = 0; start < examples.length; start += BATCH) {
    const images = examples.slice(start, start + BATCH).map(({ image }) => image);
    const data = toTensor(images, {
      width: size,
      height: size,
      mean: [127.5, 127.5, 127.5],
      deviation: [127.5, 127.5, 127.5],
    });
    const feeds = { [NETWORK_INPUT]: float32(data, [images.length, 3, size, size]) };
    const output = (await session.run(feeds, { signal }))[NETWORK_OUTPUT]!;
    const logits = Float32Array.from(output.data as Float32Array);
    const width = logits.length / images.length;
    for (let i = 0; i < images.length; i++) rows.push(logits.slice(i * width, (i + 1) * width));
  }
  await session.close();
  return rows;
}

function cardOf(
  output: string,
  {
    attributes,
    size,
    evaluation,
  }: {
    readonly attributes: readonly LearntAttribute[];
    readonly size: number;
    readonly evaluation: NonNullable<ModelCard['evaluation']>;
  },
): ModelCard {
  return modelCardSchema.parse({
    name: basename(output, '.onnx'),
    kind: 'classifier',
    input: {
      name: NETWORK_INPUT,
      width: size,
      height: size,
      mean: [127.5, 127.5, 127.5],
      deviation: [127.5, 127.5, 127.5],
    },
    alignment: 'none',
    output: {
      meaning: 'logits',
      name: NETWORK_OUTPUT,
      attributes: Object.fromEntries(attributes.map(({ name, classes }) => [name, classes])),
    },
    evaluation,
  });
}

/**
 * Trains a small classifier on a labelled folder and writes it as an ONNX model with its card, in which the confusion matrix of each attribute stands as
 * it was measured on images that were held out.
 *
 * Classes count alike in training whatever their numbers. The card's probabilities are calibrated on the held-out images. The same folder, options
 * and machine give the same model.
 *
 * @throws BiolensError `usage` for an option out of range; `input` naming the file or column; `interrupted`: then nothing is written
 */
export async function* trainClassifier(
  directory: string,
  options: TrainClassifierOptions,
): AsyncGenerator<TrainClassifierEvent, TrainedClassifier> {
  const { output, signal, labels } = options;
  const size = options.size ?? TRAINING_DEFAULTS.size;
  const steps = options.steps ?? TRAINING_DEFAULTS.steps;
  const heldOutShare = options.heldOut ?? TRAINING_DEFAULTS.heldOut;
  const key = randomKey(options.seed ?? TRAINING_DEFAULTS.seed);
  await checkOptions({ output, attributes: options.attributes, size, heldOut: heldOutShare });
  const { attributes, examples, skipped } = yield* readLabelled(directory, {
    attributes: options.attributes,
    labels,
    size,
    signal,
  });
  const { training, heldOut } = holdOut(examples, heldOutShare, foldIn(key, 'hold out'));
  const runtime = await openRuntime({
    device: options.device ?? 'auto',
    signal,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  try {
    const step = buildStep(attributes, size);
    const weights = yield* fit(runtime, {
      step,
      steps,
      key,
      signal,
      batches: new Batches(training, {
        size,
        key: foldIn(key, 'batches'),
        weights: classWeights(attributes, training),
      }),
    });
    const model = (scales: readonly number[]) =>
      trainedModel(step.parameters as ParameterSet, { weights, side: size, scales });
    const ones = attributes.flatMap(({ classes }) => classes.map(() => 1));
    const logits = await predict(runtime, model(ones), { examples: heldOut, size, signal });
    const evaluation = { heldOut: heldOut.length, attributes: measureHeldOut(attributes, heldOut, logits) };
    const scales = attributes.flatMap(({ name, classes }) =>
      classes.map(() => 1 / evaluation.attributes[name]!.temperature),
    );
    throwIfAborted(signal);
    const card = await writeModelFile(output, {
      model: model(scales),
      card: cardOf(output, { attributes, size, evaluation }),
    });
    const result: TrainedClassifier = {
      output,
      card,
      attributes,
      pictures: { training: training.length, heldOut: heldOut.length },
      evaluation,
      skipped,
    };
    yield { type: 'result', ...result };
    return result;
  } finally {
    await runtime.close();
  }
}

async function* fit(
  runtime: Runtime,
  {
    step,
    steps,
    key,
    batches,
    signal,
  }: {
    readonly step: TrainingStep;
    readonly steps: number;
    readonly key: RandomKey;
    readonly batches: Batches;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<TrainClassifierEvent, Float32Array> {
  const learningRate = warmUpSchedule({
    steps: Math.min(WARM_UP_STEPS, steps),
    base: cosineSchedule({ initial: LEARNING_RATE, steps: Math.max(1, steps - WARM_UP_STEPS) }),
  });
  const trainer = await openTrainer(runtime, {
    step,
    state: startTraining(step, { key: foldIn(key, 'weights') }),
    learningRate,
  });
  try {
    let batch = batches.deal(0);
    for (let i = 0; i < steps; i++) {
      const running = trainer.run(batch, { signal });
      // The next batch is drawn while the engine's thread computes.
      if (i + 1 < steps) batch = batches.deal(i + 1);
      const { loss } = await running;
      yield { type: 'step', done: i + 1, total: steps, loss };
    }
    return trainer.state.average ?? trainer.state.weights;
  } finally {
    await trainer.close();
  }
}
