import { BiolensError } from '../../errors.ts';
import type { Runtime } from '../runtime.ts';
import { float32, type TensorData } from '../types.ts';
import type { Schedule } from './schedules.ts';
import type { TrainingState } from './training-state.ts';
import { STATE, type TrainingStep } from './training-step.ts';

/** What one step gave. */
export interface StepResult {
  /** Counts from 1. */
  readonly step: number;
  /** Before the step's change. */
  readonly loss: number;
  /** Length of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** The objective's further outputs. */
  readonly outputs: Readonly<Record<string, TensorData>>;
}

/** Runs steps of training one after the other. */
export interface Trainer {
  /** As the last finished step left it; a failed or interrupted step changes nothing. */
  readonly state: TrainingState;
  /**
   * Trains on one batch.
   *
   * @throws {BiolensError} `input` when the loss or its gradient is no finite number: the state stays as it was; `usage` for a batch that
   *   does not fit, or while another step runs; `interrupted`.
   */
  readonly run: (
    batch: Readonly<Record<string, TensorData>>,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<StepResult>;
  /** Frees the model's memory. */
  readonly close: () => Promise<void>;
}

const scalar = (value: number): TensorData => float32(Float32Array.of(value), []);

function vectorOf(outputs: Readonly<Record<string, TensorData>>, name: string): Float32Array {
  const tensor = outputs[name];
  if (tensor?.dtype !== 'float32') throw new BiolensError('external', `the engine gave no float32 output "${name}"`);
  return tensor.data;
}

/**
 * Loads a step of training and runs it from a state, fresh ({@link startTraining}) or read from a file ({@link readTrainingState}).
 *
 * The same state, batches and schedule give the same numbers on the same machine with the same number of threads.
 */
export async function openTrainer(
  runtime: Runtime,
  {
    step,
    state: initial,
    learningRate,
  }: { readonly step: TrainingStep; readonly state: TrainingState; readonly learningRate: Schedule },
): Promise<Trainer> {
  const { optimiser, emaDecay } = step;
  const session = await runtime.load(step.model, { file: 'training step' });
  let state = initial;
  let running = false;

  const feedsOf = (count: number, rate: number): Record<string, TensorData> => {
    const { weights, memory, average } = state;
    const vector = (data: Float32Array) => float32(data, [data.length]);
    return {
      [STATE.weights]: vector(weights),
      ...Object.fromEntries(optimiser.slots.map(slot => [STATE.memory(slot), vector(memory[slot]!)])),
      ...(emaDecay === null || average === null
        ? {}
        : { [STATE.average]: vector(average), [STATE.emaDecay]: scalar(emaDecay(count)) }),
      [STATE.step]: scalar(count),
      [STATE.learningRate]: scalar(rate),
    };
  };

  return {
    get state() {
      return state;
    },
    run: async (batch, { signal } = {}) => {
      if (running) throw new BiolensError('usage', 'trainer: the step before has not finished');
      running = true;
      try {
        const count = state.step + 1;
        const rate = learningRate(count);
        const found = await session.run({ ...batch, ...feedsOf(count, rate) }, { signal });
        const loss = vectorOf(found, STATE.loss)[0]!;
        const gradientNorm = vectorOf(found, STATE.gradientNorm)[0]!;
        if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
          throw new BiolensError(
            'input',
            `step ${count}: the loss is ${loss} and its gradient's length ${gradientNorm}; the state before it is kept`,
            { details: { step: count } },
          );
        state = {
          step: count,
          weights: vectorOf(found, STATE.next(STATE.weights)),
          memory: Object.fromEntries(
            optimiser.slots.map(slot => [slot, vectorOf(found, STATE.next(STATE.memory(slot)))]),
          ),
          average: emaDecay === null ? null : vectorOf(found, STATE.next(STATE.average)),
        };
        const outputs = Object.fromEntries(step.outputs.map(name => [name, found[name]!]));
        return { step: count, loss, gradientNorm, learningRate: rate, outputs };
      } finally {
        running = false;
      }
    },
    close: () => session.close(),
  };
}
