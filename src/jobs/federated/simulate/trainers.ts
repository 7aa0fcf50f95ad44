import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import * as t from '../../../kit/tensor/index.ts';
import { openRuntime } from '../../../kit/tensor/node.ts';
import { localSteps } from '../rules/local-steps.ts';
import type { Digits } from '../tasks/mnist/idx.ts';
import { buildLocalStep, buildReader, MODELS, type ModelName, parametersOfModel, SIDE } from '../tasks/models.ts';

const PIXELS = SIDE * SIDE;

/** One client's training in a round. */
export interface LocalTask {
  readonly examples: Int32Array;
  readonly weights: Float32Array;
  readonly epochs: number;
  readonly learningRate: number;
  readonly key: RandomKey;
  /** SCAFFOLD's c − cᵢ; null for other algorithms. */
  readonly correction: Float32Array | null;
}

export interface LocalResult {
  /** What the weights have changed by. `[n]` */
  readonly change: Float32Array;
  readonly steps: number;
  /** Mean over examples of the losses before each step. */
  readonly loss: number;
}

/** Trainers and testers that are opened once and used for any number of clients. */
export interface TrainerPool extends AsyncDisposable {
  readonly parameters: t.ParameterSet;
  readonly engine: string;
  readonly device: string;
  readonly workers: number;
  /** @throws {BiolensError} `input` where the loss is no finite number */
  train(task: LocalTask, signal?: AbortSignal): Promise<LocalResult>;
  /** How many of the images the model reads right. */
  test(weights: Float32Array, digits: Digits, signal?: AbortSignal): Promise<number>;
}

export interface TrainerPoolOptions {
  readonly model: ModelName;
  readonly batch: number;
  readonly workers: number;
  readonly proximal: number;
  readonly corrected: boolean;
  readonly data: Digits;
  readonly signal?: AbortSignal | undefined;
}

interface Worker {
  readonly runtime: t.Runtime;
  readonly trainer: t.Trainer;
  readonly reader: t.Session;
  readonly slots: readonly string[];
  /** Learning rate of the task at hand. */
  rate: number;
}

/** The learning rate is a client's: the schedule asks for it before each step. */
async function openWorker(
  step: t.TrainingStep,
  {
    reader,
    weights,
    signal,
  }: {
    readonly reader: Uint8Array;
    readonly weights: Float32Array;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Worker> {
  // A thread each: results do not depend on how many clients train at once.
  const runtime = await openRuntime({ device: 'cpu', threads: 1, signal });
  const rates = { now: 0 };
  const state = t.startTraining(step, { weights });
  const trainer = await t.openTrainer(runtime, { step, state, learningRate: () => rates.now });
  const session = await runtime.load(reader, { file: 'model' });
  return {
    runtime,
    trainer,
    reader: session,
    slots: step.optimiser.slots,
    get rate() {
      return rates.now;
    },
    set rate(value) {
      rates.now = value;
    },
  };
}

function fillBatch(
  { pixels, labels }: Digits,
  { order, start, batch }: { readonly order: Int32Array; readonly start: number; readonly batch: number },
): Record<'x' | 'labels' | 'counts', t.TensorData> {
  const x = new Float32Array(batch * PIXELS);
  const classes = new BigInt64Array(batch);
  const counts = new Float32Array(batch);
  const real = Math.min(batch, order.length - start);
  for (let row = 0; row < real; row++) {
    const place = order[start + row]!;
    for (let i = 0; i < PIXELS; i++) x[row * PIXELS + i] = pixels[place * PIXELS + i]! / 255;
    classes[row] = BigInt(labels[place]!);
    // The loss is a mean over the batch's rows; what is missing must not make it smaller.
    counts[row] = batch / real;
  }
  return {
    x: t.float32(x, [batch, 1, SIDE, SIDE]),
    labels: { dtype: 'int64', shape: [batch], data: classes },
    counts: t.float32(counts, [batch]),
  };
}

async function trainLocally(
  worker: Worker,
  {
    task,
    data,
    batch,
    signal,
  }: {
    readonly task: LocalTask;
    readonly data: Digits;
    readonly batch: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<LocalResult> {
  const { examples, weights, epochs, learningRate, key, correction } = task;
  const { trainer } = worker;
  const memory: Record<string, Float32Array> = {};
  for (const slot of worker.slots) memory[slot] = slot === 'anchor' ? weights : correction!;
  trainer.fill({ step: 0, weights, memory, average: null });
  worker.rate = learningRate;
  let [sum, steps] = [0, 0];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = openStream(foldIn(foldIn(key, 'order'), epoch)).shuffle(examples.slice());
    for (let start = 0; start < order.length; start += batch) {
      const { loss } = await trainer.run(fillBatch(data, { order, start, batch }), { signal });
      sum += loss * Math.min(batch, order.length - start);
      steps++;
    }
  }
  const after = trainer.state.weights;
  const change = new Float32Array(weights.length);
  for (let i = 0; i < change.length; i++) change[i] = after[i]! - weights[i]!;
  return { change, steps, loss: sum / (epochs * examples.length) };
}

const TEST_ROWS = 500;

async function countRight(
  { reader }: Worker,
  {
    weights,
    digits,
    start,
    signal,
  }: {
    readonly weights: t.TensorData;
    readonly digits: Digits;
    readonly start: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<number> {
  const rows = Math.min(TEST_ROWS, digits.labels.length - start);
  const x = new Float32Array(rows * PIXELS);
  for (let i = 0; i < x.length; i++) x[i] = digits.pixels[start * PIXELS + i]! / 255;
  const { label } = await reader.run({ weights, x: t.float32(x, [rows, 1, SIDE, SIDE]) }, { signal });
  let right = 0;
  for (let i = 0; i < rows; i++) if (Number(label!.data[i]) === digits.labels[start + i]) right++;
  return right;
}

/** Opens trainers, each in a worker of its own; clients wait for a free one. */
export async function openTrainers(options: TrainerPoolOptions): Promise<TrainerPool> {
  const { model, batch, proximal, corrected, data, signal } = options;
  const parameters = parametersOfModel(MODELS[model]);
  const step = buildLocalStep(MODELS[model], { parameters, batch, optimiser: localSteps({ proximal, corrected }) });
  const reader = buildReader(MODELS[model], parameters);
  const weights = new Float32Array(parameters.size);
  const opened = await Promise.allSettled(
    Array.from({ length: options.workers }, () => openWorker(step, { reader, weights, signal })),
  );
  const workers = opened.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async () => {
    await Promise.all(workers.map(({ runtime }) => runtime.close()));
  };
  const failed = opened.find(result => result.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const free = [...workers];
  const waiting: ((worker: Worker) => void)[] = [];
  const using = async <T>(work: (worker: Worker) => Promise<T>): Promise<T> => {
    const worker = free.pop() ?? (await new Promise<Worker>(resolve => waiting.push(resolve)));
    try {
      return await work(worker);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(worker);
      else next(worker);
    }
  };
  const [first] = workers;
  if (first === undefined) throw new BiolensError('usage', '"workers" expected a whole number from 1');
  return {
    parameters,
    engine: first.runtime.engine,
    device: first.runtime.device,
    workers: workers.length,
    train: (task, signal) => using(worker => trainLocally(worker, { task, data, batch, signal })),
    test: async (weights, digits, signal) => {
      const tensor = t.float32(weights, [weights.length]);
      const starts = Array.from({ length: Math.ceil(digits.labels.length / TEST_ROWS) }, (_, i) => i * TEST_ROWS);
      const counts = await Promise.all(
        starts.map(start => using(worker => countRight(worker, { weights: tensor, digits, start, signal }))),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
    [Symbol.asyncDispose]: close,
  };
}
