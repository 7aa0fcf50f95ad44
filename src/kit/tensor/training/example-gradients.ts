import { BiolensError } from '../../../ground/errors.ts';
import { cutRows } from '../parts.ts';
import type { Runtime } from '../runtime.ts';
import { float32, formatShape, type TensorData } from '../types.ts';
import { constantSchedule, type Schedule } from './schedules.ts';
import { sharedVector } from './step-runner.ts';
import type { TrainingState } from './training-state.ts';
import {
  type BatchInput,
  buildTrainingStep,
  STATE,
  type TrainingStep,
  type TrainingStepOptions,
} from './training-step.ts';

/** As of a training step, with inputs of one example: their first axis is 1. */
export type ExampleStepOptions = Omit<TrainingStepOptions, 'parts' | 'clipNorm'>;

/** Gradients of single examples, and the optimiser that follows what was made of them. */
export interface ExampleTrainer {
  readonly stepsDone: number;
  readonly state: TrainingState;
  /**
   * Calls `visit` with the gradient of each example alone, in their order. The vector is used again after `visit` returns.
   *
   * @param batch as many examples as wanted along the first axis
   * @throws {BiolensError} `usage` for a batch that does not fit; `interrupted`
   */
  readonly visit: (
    batch: Readonly<Record<string, TensorData>>,
    visit: (gradient: Float32Array, loss: number) => void,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<void>;
  /** One step of the optimiser along a gradient. @throws {BiolensError} `usage` where it has another length */
  readonly follow: (gradient: Float32Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Two examples side by side: a step in two parts, of which each is one example. */
function pairUp(inputs: Readonly<Record<string, BatchInput>>): Record<string, BatchInput> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      if (input.shape[0] !== 1)
        throw new BiolensError('usage', `input "${name}" of ${formatShape(input.shape)} expected one example, [1, …]`);
      return [name, { ...input, shape: [2, ...input.shape.slice(1)] }];
    }),
  );
}

/** Builds the step of a trainer by examples; for {@link openExampleTrainer} and for a state that it starts from. */
export function buildExampleStep(options: ExampleStepOptions): TrainingStep {
  return buildTrainingStep({ ...options, inputs: pairUp(options.inputs), parts: 2 });
}

/**
 * Loads a step of {@link buildExampleStep}: each example's gradient is computed by itself, as many at a time as there are threads. It costs
 * what a batch of one costs, times the examples: layers that share work over a batch are slower by that.
 */
export async function openExampleTrainer(
  runtime: Runtime,
  {
    step,
    state: initial,
    learningRate,
  }: { readonly step: TrainingStep; readonly state: TrainingState; readonly learningRate: number | Schedule },
): Promise<ExampleTrainer> {
  const { part, parameters, optimiser, emaDecay } = step;
  if (part?.count !== 2) throw new BiolensError('usage', 'openExampleTrainer: expected a step of buildExampleStep');
  const rateAt = typeof learningRate === 'number' ? constantSchedule(learningRate) : learningRate;
  const lanes = runtime.threads;
  const network = await runtime.load(part.model, { file: 'gradient of an example', lanes });
  const update = await runtime.load(step.model, { file: 'optimiser', spin: false });
  const found = Array.from({ length: lanes }, () => sharedVector(parameters.size));
  const none = sharedVector(parameters.size);
  const shared = (vector: Float32Array) => {
    const copy = sharedVector(vector.length);
    copy.data.set(vector);
    return copy;
  };
  let state = initial;
  let weights = shared(initial.weights);

  return {
    get stepsDone() {
      return state.step;
    },
    get state() {
      return state;
    },
    visit: async (batch, visit, { signal } = {}) => {
      const [rows = 0] = Object.values(batch)[0]?.shape ?? [];
      if (rows === 0) return;
      const examples = cutRows(batch, rows);
      for (let start = 0; start < rows; start += lanes) {
        const runs = examples.slice(start, start + lanes).map(async (example, i) => {
          const into = { [STATE.gradient]: found[i]! };
          const { [STATE.loss]: loss } = await network.run({ ...example, [STATE.weights]: weights }, { into, signal });
          return Number(loss!.data[0]);
        });
        for (const [i, loss] of (await Promise.all(runs)).entries()) {
          const gradient = found[i]!.data;
          // A part of two is weighted by a half.
          for (let j = 0; j < gradient.length; j++) gradient[j] = 2 * gradient[j]!;
          visit(gradient, loss);
        }
      }
    },
    follow: async gradient => {
      const next = state.step + 1;
      const vectors = Object.entries(state.memory).map(([slot, vector]) => [STATE.memory(slot), shared(vector)]);
      const feeds = {
        [STATE.weights]: weights,
        [STATE.partOf(0)]: float32(gradient, [gradient.length]),
        [STATE.partOf(1)]: none,
        ...Object.fromEntries(vectors),
        ...(state.average === null ? {} : { [STATE.average]: shared(state.average) }),
        [STATE.step]: float32(Float32Array.of(next), []),
        [STATE.learningRate]: float32(Float32Array.of(rateAt(next)), []),
        ...(emaDecay === null ? {} : { [STATE.emaDecay]: float32(Float32Array.of(emaDecay(next)), []) }),
      };
      const done = await update.run(feeds);
      const vector = (name: string): Float32Array => done[STATE.next(name)]!.data as Float32Array;
      state = {
        step: next,
        weights: vector(STATE.weights),
        memory: Object.fromEntries(optimiser.slots.map(slot => [slot, vector(STATE.memory(slot))])),
        average: emaDecay === null ? null : vector(STATE.average),
      };
      weights = shared(state.weights);
    },
    close: async () => {
      await network.close();
      await update.close();
    },
  };
}
