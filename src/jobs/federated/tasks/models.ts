import type { FEDERATED_MODELS } from '../../../ground/contracts/index.ts';
import * as t from '../../../kit/tensor/index.ts';

export type ModelName = (typeof FEDERATED_MODELS)[number];

/** A network over images of one size. */
export interface FederatedModel {
  /** Learning rate of local gradient descent where none is given. */
  readonly learningRate: number;
  /** @param x `[n, 1, side, side]`, 0 … 1; returns logits `[n, classes]` */
  readonly network: (lookup: t.Lookup, x: t.Value) => t.Value;
}

export const SIDE = 28;
export const CLASSES = 10;

function layers(lookup: t.Lookup, kind: 'he' | 'glorot') {
  const bias = (name: string, size: number) =>
    lookup(`${name}.bias`, { shape: [size], start: { kind: 'constant', value: 0 } });
  return {
    conv: (name: string, x: t.Value, out: number, padding: number) => {
      const weight = lookup(`${name}.weight`, { shape: [out, Number(x.shape[1]), 5, 5], start: { kind } });
      return t.conv2d(x, weight, bias(name, out), { pads: [padding, padding, padding, padding] });
    },
    dense: (name: string, x: t.Value, out: number) =>
      t.linear(x, lookup(`${name}.weight`, { shape: [out, Number(x.shape[1])], start: { kind } }), bias(name, out)),
  };
}

/** The models of McMahan et al. (2017), section 3: 199,210 and 1,663,370 parameters; and LeNet-5 (LeCun et al. 1998), 61,706. */
export const MODELS: Readonly<Record<ModelName, FederatedModel>> = {
  '2nn': {
    learningRate: 0.1,
    network: (lookup, x) => {
      const { dense } = layers(lookup, 'he');
      return dense('output', t.relu(dense('hidden2', t.relu(dense('hidden1', t.flatten(x), 200)), 200)), CLASSES);
    },
  },
  cnn: {
    learningRate: 0.1,
    network: (lookup, x) => {
      const { conv, dense } = layers(lookup, 'he');
      const halve = (h: t.Value) => t.maxPool2d(h, { kernel: [2, 2], strides: [2, 2] });
      let h = halve(t.relu(conv('conv1', x, 32, 2)));
      h = halve(t.relu(conv('conv2', h, 64, 2)));
      return dense('output', t.relu(dense('hidden', t.flatten(h), 512)), CLASSES);
    },
  },
  'lenet-5': {
    learningRate: 0.1,
    network: (lookup, x) => {
      const { conv, dense } = layers(lookup, 'glorot');
      const halve = (h: t.Value) => t.avgPool2d(h, { kernel: [2, 2], strides: [2, 2] });
      let h = halve(t.tanh(conv('c1', x, 6, 2)));
      h = halve(t.tanh(conv('c3', h, 16, 0)));
      h = t.tanh(dense('f6', t.tanh(dense('c5', t.flatten(h), 120)), 84));
      return dense('output', h, CLASSES);
    },
  },
};

const IMAGE = [1, SIDE, SIDE] as const;

export function parametersOfModel({ network }: FederatedModel): t.ParameterSet {
  return t.collectParameters((lookup, graph) => network(lookup, graph.input('x', [1, ...IMAGE])));
}

/** Local training of a batch; examples that fill the last batch up have weight 0. */
export function buildLocalStep(
  { network }: FederatedModel,
  {
    parameters,
    batch,
    optimiser,
  }: {
    readonly parameters: t.ParameterSet;
    readonly batch: number;
    readonly optimiser: t.Optimiser;
  },
): t.TrainingStep {
  return t.buildTrainingStep({
    parameters,
    inputs: { x: { shape: [batch, ...IMAGE] }, labels: { shape: [batch], dtype: 'int64' }, counts: { shape: [batch] } },
    objective: ({ lookup, inputs }) => ({
      loss: t.crossEntropy(network(lookup, inputs.x!), inputs.labels!, { sampleWeights: inputs.counts! }),
    }),
    optimiser,
  });
}

/** The class that a model gives each image; the weights are an input, so that one graph tests every round's model. */
export function buildReader({ network }: FederatedModel, parameters: t.ParameterSet): Uint8Array {
  const graph = new t.Graph();
  const weights = graph.input('weights', [parameters.size]);
  const lookup = parameters.lookupIn(parameters.cut(weights));
  graph.output('label', t.argMax(network(lookup, graph.input('x', ['n', ...IMAGE])), { axis: 1 }));
  return graph.build();
}
