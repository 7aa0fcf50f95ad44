import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import * as t from '../../../kit/tensor/index.ts';
import { localSteps } from '../rules/local-steps.ts';
import type { Tally, TaskNetwork, TestData, TrainingData } from '../tasks/task.ts';

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
  /** How many of the answers are right. */
  test(weights: Float32Array, data: TestData, signal?: AbortSignal): Promise<Tally>;
}

/** Opens an engine whose results do not depend on how many others there are. */
export type OpenTrainerRuntime = (signal: AbortSignal | undefined) => Promise<t.Runtime>;

export interface TrainerPoolOptions {
  readonly openRuntime: OpenTrainerRuntime;
  readonly network: TaskNetwork;
  readonly batch: number;
  readonly workers: number;
  readonly proximal: number;
  readonly corrected: boolean;
  readonly training: TrainingData;
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
    openRuntime,
    signal,
  }: {
    readonly reader: Uint8Array;
    readonly weights: Float32Array;
    readonly openRuntime: OpenTrainerRuntime;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Worker> {
  const runtime = await openRuntime(signal);
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

async function trainLocally(
  worker: Worker,
  {
    task,
    training,
    batch,
    signal,
  }: {
    readonly task: LocalTask;
    readonly training: TrainingData;
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
      const { loss } = await trainer.run(training.fill(order, { start, batch }), { signal });
      sum += loss * Math.min(batch, order.length - start);
      steps++;
    }
  }
  const after = trainer.state.weights;
  const change = new Float32Array(weights.length);
  for (let i = 0; i < change.length; i++) change[i] = after[i]! - weights[i]!;
  return { change, steps, loss: sum / (epochs * examples.length) };
}

async function testBatch(
  { reader }: Worker,
  {
    weights,
    data,
    batch,
    signal,
  }: {
    readonly weights: t.TensorData;
    readonly data: TestData;
    readonly batch: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Tally> {
  return data.tally(batch, await reader.run({ weights, ...data.inputs(batch) }, { signal }));
}

/** Opens trainers, each in a worker of its own; clients wait for a free one. */
export async function openTrainers(options: TrainerPoolOptions): Promise<TrainerPool> {
  const { network, batch, proximal, corrected, training, openRuntime, signal } = options;
  const { parameters, reader } = network;
  const step = network.step(batch, localSteps({ proximal, corrected }));
  const weights = new Float32Array(parameters.size);
  const opened = await Promise.allSettled(
    Array.from({ length: options.workers }, () => openWorker(step, { reader, weights, openRuntime, signal })),
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
    train: (task, signal) => using(worker => trainLocally(worker, { task, training, batch, signal })),
    test: async (weights, data, signal) => {
      const tensor = t.float32(weights, [weights.length]);
      const tallies = await Promise.all(
        Array.from({ length: data.batches }, (_, batch) =>
          using(worker => testBatch(worker, { weights: tensor, data, batch, signal })),
        ),
      );
      return tallies.reduce((sum, one) => ({
        right: sum.right + one.right,
        amongThree: one.amongThree === null ? null : (sum.amongThree ?? 0) + one.amongThree,
      }));
    },
    [Symbol.asyncDispose]: close,
  };
}
