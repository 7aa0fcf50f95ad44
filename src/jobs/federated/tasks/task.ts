import type * as t from '../../../kit/tensor/index.ts';

export type Tensors = Readonly<Record<string, t.TensorData>>;

/** A network with what it takes and what it is asked. */
export interface TaskNetwork {
  readonly parameters: t.ParameterSet;
  /** Learning rate of local gradient descent where none is given. */
  readonly learningRate: number;
  /** Local training on a batch of so many examples; what fills the last batch up has weight 0. */
  readonly step: (batch: number, optimiser: t.Optimiser) => t.TrainingStep;
  /** The model's answers; the weights are an input, so that one graph tests every round's model. */
  readonly reader: Uint8Array;
}

/** Examples that clients train on. */
export interface TrainingData {
  readonly count: number;
  /** A batch: the examples `order[start]` …; where there are fewer, rows of weight 0. */
  readonly fill: (order: Int32Array, place: { readonly start: number; readonly batch: number }) => Tensors;
}

/** What a network is tested on. */
export interface TestData {
  /** Answers that are asked for. */
  readonly count: number;
  readonly batches: number;
  readonly inputs: (batch: number) => Tensors;
  readonly tally: (batch: number, outputs: Tensors) => Tally;
}

/** Right answers. */
export interface Tally {
  readonly right: number;
  /** Right ones among the model's first three; null where it is not asked for them. */
  readonly amongThree: number | null;
}

/** All that a federation learns from. */
export interface LoadedTask {
  readonly network: TaskNetwork;
  readonly training: TrainingData;
  readonly test: TestData;
  /** Positions of each client's examples. */
  readonly shares: readonly Int32Array[];
  /** The words that the network knows, in its order; null where it knows none. */
  readonly words: readonly string[] | null;
  /** Files that were read. */
  readonly files: readonly string[];
  /** What an example is, in the plural. */
  readonly noun: string;
  /** Memory that they take. */
  readonly bytes: number;
}
