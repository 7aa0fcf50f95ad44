import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import type { TensorData } from '../../../kit/tensor/index.ts';
import { checkFiniteUpdate } from '../rules/check-update.ts';
import type { TrainerPool } from '../simulate/trainers.ts';
import type { TestData } from '../tasks/task.ts';
import type { FlowerClient } from './join.ts';
import type { FlowerRecords, PlainValue } from './records.ts';

export interface TaskClientOptions {
  readonly pool: TrainerPool;
  /** Positions of this node's examples in the data of the pool. */
  readonly examples: Int32Array;
  /** What it evaluates on. */
  readonly test: TestData;
  readonly epochs: number;
  /** Where the ServerApp names none as `lr`. */
  readonly learningRate: number;
  readonly key: RandomKey;
}

/** The one record of arrays in a message, and its name. */
export function arraysOf({ arrays }: FlowerRecords): readonly [string, Readonly<Record<string, TensorData>>] {
  const [found, ...more] = Object.entries(arrays);
  if (found === undefined || more.length > 0)
    throw new BiolensError(
      'input',
      `message of the SuperLink: expected one record of arrays, got ${Object.keys(arrays).length}`,
    );
  return found;
}

function settingOf({ configs }: FlowerRecords, name: string): PlainValue | undefined {
  for (const values of Object.values(configs)) if (Object.hasOwn(values, name)) return values[name];
  return undefined;
}

/** A positive number among the settings that a ServerApp sends, or what stands for it. */
export function numberOf(records: FlowerRecords, name: string, otherwise: number, most: number): number {
  const value = settingOf(records, name) ?? otherwise;
  if (typeof value !== 'number' || !(value > 0 && value <= most))
    throw new BiolensError(
      'input',
      `setting "${name}" of the ServerApp expected a number above 0, at most ${most}, got ${String(value)}`,
    );
  return value;
}

export const MOST_EPOCHS = 1000;
export const MOST_RATE = 100;

/**
 * Trains a model of this project for a Flower federation: arrays are its weights by their names and shapes. The reply says how many examples
 * stand behind it, as FedAvg weighs by it. What is not finite is neither trained on nor sent.
 */
export function createTaskClient(options: TaskClientOptions): FlowerClient {
  const { pool, examples, test, epochs, learningRate, key } = options;
  const weightsIn = (records: FlowerRecords): readonly [string, Float32Array] => {
    const [name, arrays] = arraysOf(records);
    const weights = pool.parameters.fromTensors(arrays, { file: 'message of the SuperLink' });
    checkFiniteUpdate(weights, 'the SuperLink');
    return [name, weights];
  };
  let asked = 0;
  return {
    async train(records, { signal }) {
      const [name, weights] = weightsIn(records);
      const passes = numberOf(records, 'local-epochs', epochs, MOST_EPOCHS);
      const rate = numberOf(records, 'lr', learningRate, MOST_RATE);
      const round = settingOf(records, 'server-round') ?? asked++;
      const task = {
        examples,
        weights,
        epochs: Math.round(passes),
        learningRate: rate,
        key: foldIn(key, typeof round === 'number' ? round : asked),
        correction: null,
      };
      const { change, loss } = await pool.train(task, signal);
      const after = weights.map((weight, i) => weight + change[i]!);
      return {
        arrays: { [name]: pool.parameters.toTensors(after) },
        metrics: { metrics: { 'num-examples': examples.length, train_loss: loss } },
        configs: {},
      };
    },
    async evaluate(records, { signal }) {
      const [, weights] = weightsIn(records);
      const { right } = await pool.test(weights, test, signal);
      const n = test.count;
      return { arrays: {}, metrics: { metrics: { 'num-examples': n, eval_acc: right / n } }, configs: {} };
    },
  };
}
