import { BiolensError } from '../../../ground/errors.ts';
import { Graph, single, type Value } from '../graph.ts';
import { add, div, minimum, mul, sqrt, sub } from '../ops/elementwise.ts';
import { concat, reshape } from '../ops/structure.ts';
import { type Dim, type DType, formatShape, sizeOf } from '../types.ts';
import { gradients } from './gradients.ts';
import type { Optimiser } from './optimisers.ts';
import type { Lookup, ParameterSet, VectorForm } from './parameters.ts';
import { constantSchedule, type Schedule } from './schedules.ts';

/** What a batch brings under a name. */
export interface BatchInput {
  readonly shape: readonly Dim[];
  /** Default float32. */
  readonly dtype?: DType;
}

/** A loss as a network computes it from a batch. */
export interface Objective {
  /** One number. */
  readonly loss: Value;
  /** More that each step gives back, by name. */
  readonly outputs?: Readonly<Record<string, Value>>;
}

export interface TrainingStepOptions {
  readonly parameters: ParameterSet;
  readonly inputs: Readonly<Record<string, BatchInput>>;
  /** Writes down the network and its loss. */
  readonly objective: (context: {
    readonly lookup: Lookup;
    readonly inputs: Readonly<Record<string, Value>>;
    readonly graph: Graph;
  }) => Objective;
  readonly optimiser: Optimiser;
  /** Longest gradient: a longer one is scaled down to it (Pascanu et al. 2013, algorithm 1). None by default. */
  readonly clipNorm?: number;
  /** Share of the old average in the moving average of the weights, in [0, 1); without it there is no average. */
  readonly emaDecay?: number | Schedule;
  /** `slices` for WebGPU. Default `split`. */
  readonly vectorForm?: VectorForm;
  /**
   * Cuts every input along its first axis into this many parts, whose gradients are computed side by side, each with its share of the
   * threads, and averaged: quicker on several cores where operations are small or single-threaded. The objective is written down for one
   * part and must be a mean over samples, so samples may not depend on one another (as batch normalisation does). Of its further outputs, those of a part's
   * samples are joined and single numbers averaged. Default 1.
   */
  readonly parts?: number;
}

/** One step of training as ONNX models, and what is needed to run it. */
export interface TrainingStep {
  /** The whole step, or for a step in parts what follows the gradients. */
  readonly model: Uint8Array;
  /** Loss and gradient of one part of the batch; null where the step is one model. */
  readonly part: { readonly model: Uint8Array; readonly count: number } | null;
  readonly parameters: ParameterSet;
  readonly optimiser: Optimiser;
  readonly emaDecay: Schedule | null;
  /** Names of the objective's further outputs. */
  readonly outputs: readonly string[];
}

/** Names of the step's own inputs and outputs; a batch has names of its own. */
export const STATE = {
  weights: 'training.weights',
  average: 'training.average',
  memory: (slot: string) => `training.memory.${slot}`,
  step: 'training.step',
  learningRate: 'training.learningRate',
  emaDecay: 'training.emaDecay',
  loss: 'training.loss',
  gradient: 'training.gradient',
  /** A part's gradient, as an input of what follows. */
  partOf: (index: number) => `training.gradient.${index}`,
  gradientNorm: 'training.gradientNorm',
  /** What an input becomes. */
  next: (name: string) => `${name}.next`,
} as const;

/** Tensors joined at once: well below the number of buffers that WebGPU binds. */
const JOIN_AT_ONCE = 7;

function joinInSteps(values: readonly Value[]): Value {
  if (values.length <= JOIN_AT_ONCE) return values.length === 1 ? values[0]! : concat(values, { axis: 0 });
  const joined = Array.from({ length: Math.ceil(values.length / JOIN_AT_ONCE) }, (_, i) =>
    joinInSteps(values.slice(i * JOIN_AT_ONCE, (i + 1) * JOIN_AT_ONCE)),
  );
  return joinInSteps(joined);
}

function lengthOf(vector: Value): Value {
  const squares = single(
    'ReduceSumSquare',
    [vector, vector.graph.integers([0])],
    { shape: [], dtype: 'float32' },
    { attributes: { keepdims: { int: 0 } } },
  );
  return sqrt(squares);
}

type NetworkOptions = Pick<TrainingStepOptions, 'parameters' | 'inputs' | 'objective' | 'vectorForm' | 'parts'>;
type UpdateOptions = Pick<TrainingStepOptions, 'parameters' | 'optimiser' | 'clipNorm' | 'emaDecay'>;

/** Writes down loss and further outputs; returns the gradient, of a part its share in the mean, as one vector. */
function writeGradient(
  graph: Graph,
  weights: Value,
  { parameters, inputs: declared, objective, vectorForm = 'split', parts: count = 1 }: NetworkOptions,
): { readonly slope: Value; readonly outputs: readonly string[] } {
  const inputs = Object.fromEntries(
    Object.entries(declared).map(([name, { shape, dtype = 'float32' }]) => [name, graph.input(name, shape, dtype)]),
  );
  const values = parameters.cut(weights, vectorForm);
  const { loss, outputs = {} } = objective({ lookup: parameters.lookupIn(values), inputs, graph });
  const share = count === 1 ? loss : mul(loss, graph.scalar(1 / count));
  const parts = gradients(share, values).map((part, i) => reshape(part, [sizeOf(parameters.list[i]!.shape)]));
  graph.output(STATE.loss, reshape(loss, []));
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  return {
    slope: vectorForm === 'split' ? concat(parts, { axis: 0 }) : joinInSteps(parts),
    outputs: Object.keys(outputs),
  };
}

/** Writes down clipping, optimiser and moving average. */
function writeUpdate(
  graph: Graph,
  { weights, slope }: { readonly weights: Value; readonly slope: Value },
  { parameters, optimiser, clipNorm, emaDecay }: UpdateOptions,
): void {
  const vector = (name: string) => graph.input(name, [parameters.size]);
  const memory = Object.fromEntries(optimiser.slots.map(slot => [slot, vector(STATE.memory(slot))]));
  const step = graph.input(STATE.step, []);
  const learningRate = graph.input(STATE.learningRate, []);
  const norm = lengthOf(slope);
  const limit = clipNorm === undefined ? null : div(graph.scalar(clipNorm), add(norm, graph.scalar(1e-6)));
  const gradient = limit === null ? slope : mul(slope, minimum(limit, graph.scalar(1)));
  const next = optimiser.update({ weights, gradient, learningRate, step, memory });
  graph.output(STATE.next(STATE.weights), next.weights);
  for (const slot of optimiser.slots) graph.output(STATE.next(STATE.memory(slot)), next.memory[slot]!);
  if (emaDecay !== undefined) {
    const average = vector(STATE.average);
    const decay = graph.input(STATE.emaDecay, []);
    graph.output(STATE.next(STATE.average), add(next.weights, mul(sub(average, next.weights), decay)));
  }
  graph.output(STATE.gradientNorm, norm);
}

/** The inputs of one of `parts` equal parts of a batch. */
function cutInputs(inputs: Readonly<Record<string, BatchInput>>, parts: number): Record<string, BatchInput> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, ...rest }]) => {
      const [samples, ...others] = shape;
      if (typeof samples !== 'number' || samples % parts !== 0)
        throw new BiolensError('usage', `input "${name}" of ${formatShape(shape)} cannot be split into ${parts} parts`);
      return [name, { shape: [samples / parts, ...others], ...rest }];
    }),
  );
}

/**
 * Builds one step of training: forward, backward, clipping, optimiser, moving average. It is one graph, or with `parts` two.
 *
 * @throws {BiolensError} `usage` for a loss that is not one number, an operation without a gradient, or a batch that cannot be split.
 * @example
 * const parameters = collectParameters((lookup, graph) => network(lookup, graph.input('x', [32, 784])));
 * const step = buildTrainingStep({
 *   parameters,
 *   inputs: { x: { shape: [32, 784] }, labels: { shape: [32], dtype: 'int64' } },
 *   objective: ({ lookup, inputs }) => ({ loss: crossEntropy(network(lookup, inputs.x), inputs.labels) }),
 *   optimiser: adam(),
 * });
 */
export function buildTrainingStep(options: TrainingStepOptions): TrainingStep {
  const { parameters, optimiser, clipNorm, emaDecay, parts = 1 } = options;
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new BiolensError('usage', `"clipNorm" expected a number above 0, got ${clipNorm}`);
  if (!Number.isInteger(parts) || parts < 1)
    throw new BiolensError('usage', `"parts" expected a whole number from 1, got ${parts}`);
  if (parameters.size === 0) throw new BiolensError('usage', 'buildTrainingStep: there are no parameters to train');
  const graph = new Graph();
  const weights = graph.input(STATE.weights, [parameters.size]);
  const common = {
    parameters,
    optimiser,
    emaDecay: typeof emaDecay === 'number' ? constantSchedule(emaDecay) : (emaDecay ?? null),
  };
  if (parts === 1) {
    const { slope, outputs } = writeGradient(graph, weights, options);
    writeUpdate(graph, { weights, slope }, options);
    return { ...common, model: graph.build(), part: null, outputs };
  }
  const network = new Graph();
  const ofPart = { ...options, inputs: cutInputs(options.inputs, parts) };
  const { slope, outputs } = writeGradient(network, network.input(STATE.weights, [parameters.size]), ofPart);
  network.output(STATE.gradient, slope);
  const slopes = Array.from({ length: parts }, (_, i) => graph.input(STATE.partOf(i), [parameters.size]));
  const sum = slopes.reduce((total, part) => add(total, part));
  writeUpdate(graph, { weights, slope: sum }, options);
  return { ...common, model: graph.build(), part: { model: network.build(), count: parts }, outputs };
}
