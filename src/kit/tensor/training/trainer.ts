import { BiolensError } from '../../../ground/errors.ts';
import type { Runtime } from '../runtime.ts';
import { float32, type TensorData } from '../types.ts';
import type { Schedule } from './schedules.ts';
import { openStepRunner, sharedVector } from './step-runner.ts';
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
  /** Steps done. Cheaper to ask for than `state`, which takes the memory that the next step would be written to. */
  readonly stepsDone: number;
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
  /**
   * Takes another state over, as if it had been opened with it: one loaded step trains many models one after the other.
   *
   * @throws {BiolensError} `usage` for a state of another step of training, or while a step runs
   */
  readonly fill: (state: TrainingState) => void;
  /** Frees the model's memory. */
  readonly close: () => Promise<void>;
}

const scalar = (value: number): TensorData => float32(Float32Array.of(value), []);

/** The vectors of a state in shared memory, by the names of the step's inputs. */
type Vectors = Readonly<Record<string, TensorData & { readonly dtype: 'float32' }>>;

function vectorsOf({ weights, memory, average }: TrainingState): Readonly<Record<string, Float32Array>> {
  return {
    [STATE.weights]: weights,
    ...Object.fromEntries(Object.entries(memory).map(([slot, vector]) => [STATE.memory(slot), vector])),
    ...(average === null ? {} : { [STATE.average]: average }),
  };
}

function shareState(state: TrainingState): Vectors {
  return Object.fromEntries(
    Object.entries(vectorsOf(state)).map(([name, vector]) => {
      const shared = sharedVector(vector.length);
      shared.data.set(vector);
      return [name, shared];
    }),
  );
}

const emptyLike = (vectors: Vectors): Vectors =>
  Object.fromEntries(Object.entries(vectors).map(([name, { data }]) => [name, sharedVector(data.length)]));

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
  const runner = await openStepRunner(runtime, step);
  let state: TrainingState | null = initial;
  let count = initial.step;
  let now = shareState(initial);
  // Written by turns, so that a step that fails leaves what was before it.
  let spare = shareState(initial);
  let running = false;

  const readState = (): TrainingState => ({
    step: count,
    weights: now[STATE.weights]!.data,
    memory: Object.fromEntries(optimiser.slots.map(slot => [slot, now[STATE.memory(slot)]!.data])),
    average: emaDecay === null ? null : now[STATE.average]!.data,
  });

  return {
    get stepsDone() {
      return count;
    },
    get state() {
      state ??= readState();
      return state;
    },
    run: async (batch, { signal } = {}) => {
      if (running) throw new BiolensError('usage', 'trainer: the step before has not finished');
      running = true;
      try {
        const next = count + 1;
        const rate = learningRate(next);
        const { [STATE.weights]: weights, ...others } = now;
        const update = {
          ...others,
          [STATE.step]: scalar(next),
          [STATE.learningRate]: scalar(rate),
          ...(emaDecay === null ? {} : { [STATE.emaDecay]: scalar(emaDecay(next)) }),
        };
        const into = Object.fromEntries(Object.entries(spare).map(([name, vector]) => [STATE.next(name), vector]));
        const { loss, gradientNorm, outputs } = await runner.run({ batch, weights: weights!, update, into, signal });
        if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
          throw new BiolensError(
            'input',
            `step ${next}: the loss is ${loss} and its gradient's length ${gradientNorm}; the state before it is kept`,
            { details: { step: next } },
          );
        const before = now;
        now = spare;
        // What somebody holds as a state is not written to again.
        spare = state === null || state === initial ? before : emptyLike(before);
        count = next;
        state = null;
        return { step: next, loss, gradientNorm, learningRate: rate, outputs };
      } finally {
        running = false;
      }
    },
    fill: next => {
      if (running) throw new BiolensError('usage', 'trainer: a step runs, and no state can be taken over');
      const vectors = vectorsOf(next);
      const fits = Object.entries(now).every(([name, { data }]) => vectors[name]?.length === data.length);
      if (!fits || Object.keys(vectors).length !== Object.keys(now).length)
        throw new BiolensError('usage', 'trainer: the state is of another step of training');
      // What somebody holds as a state is not written to.
      if (state !== null && state !== initial) now = emptyLike(now);
      for (const [name, vector] of Object.entries(vectors)) now[name]!.data.set(vector);
      count = next.step;
      state = null;
    },
    close: () => runner.close(),
  };
}
