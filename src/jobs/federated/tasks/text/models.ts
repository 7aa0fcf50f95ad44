import type { TEXT_MODELS } from '../../../../ground/contracts/index.ts';
import * as t from '../../../../kit/tensor/index.ts';
import type { TaskNetwork } from '../task.ts';

export type TextModelName = (typeof TEXT_MODELS)[number];

/** A recurrent network that says the next token after each one of a sequence. */
interface TextModel {
  /** Tokens of a sequence. */
  readonly steps: number;
  /** Numbers of a token's embedding. */
  readonly embedding: number;
  /** Width of each recurrent layer. */
  readonly layers: readonly number[];
  /** The output's weights are the embedding's, behind a layer of its width: for large vocabularies. */
  readonly tied: boolean;
  readonly learningRate: number;
}

/**
 * `char-lstm` as in McMahan et al. (2017), section 3, and a small one that learns in minutes; `word-lstm` as in McMahan et al. (2018), "Learning
 * differentially private recurrent language models", section 4.
 */
export const TEXT_MODEL_SHAPES: Readonly<Record<TextModelName, TextModel>> = {
  'char-lstm': { steps: 80, embedding: 8, layers: [256, 256], tied: false, learningRate: 1 },
  'char-lstm-small': { steps: 80, embedding: 16, layers: [128], tied: false, learningRate: 2 },
  'word-lstm': { steps: 20, embedding: 96, layers: [256], tied: true, learningRate: 2 },
};

/** Sequences that are tested at once. */
export const TEST_SEQUENCES = 50;

/** @param tokens int32 `[steps, batch]`; returns logits `[steps · batch, vocabulary]` */
function logitsOf(
  { steps, embedding, layers, tied }: TextModel,
  { lookup, tokens, vocabulary }: { readonly lookup: t.Lookup; readonly tokens: t.Value; readonly vocabulary: number },
): t.Value {
  const table = lookup('embedding.weight', { shape: [vocabulary, embedding], start: { kind: 'normal', stdDev: 0.1 } });
  let x = t.gather(table, tokens);
  let width = embedding;
  for (const [layer, next] of layers.entries()) {
    const weight = (name: string, inputs: number) =>
      lookup(`lstm${layer}.${name}`, { shape: [4 * next, inputs], start: { kind: 'glorot' } });
    x = t.lstm(x, {
      input: weight('input', width),
      hidden: weight('hidden', next),
      bias: lookup(`lstm${layer}.bias`, { shape: [4 * next], start: { kind: 'constant', value: 0 } }),
    }).output;
    width = next;
  }
  const batch = Number(tokens.shape[1]);
  const flat = t.reshape(x, [steps * batch, width]);
  const dense = (name: string, given: t.Value, size: number) =>
    t.linear(
      given,
      lookup(`${name}.weight`, { shape: [size, Number(given.shape[1])], start: { kind: 'glorot' } }),
      lookup(`${name}.bias`, { shape: [size], start: { kind: 'constant', value: 0 } }),
    );
  if (!tied) return dense('output', flat, vocabulary);
  const bias = lookup('output.bias', { shape: [vocabulary], start: { kind: 'constant', value: 0 } });
  return t.linear(dense('projection', flat, embedding), table, bias);
}

/** Guesses that the reader gives for each token, best first. */
export const GUESSES = 3;

export function textNetwork(name: TextModelName, vocabulary: number): TaskNetwork {
  const model = TEXT_MODEL_SHAPES[name];
  const { steps, learningRate } = model;
  const parameters = t.collectParameters((lookup, graph) =>
    logitsOf(model, { lookup, vocabulary, tokens: graph.input('tokens', [steps, 1], 'int32') }),
  );
  const graph = new t.Graph();
  const weights = graph.input('weights', [parameters.size]);
  const lookup = parameters.lookupIn(parameters.cut(weights));
  const tokens = graph.input('tokens', [steps, TEST_SEQUENCES], 'int32');
  graph.output('guesses', t.topK(logitsOf(model, { lookup, vocabulary, tokens }), GUESSES).indices);
  return {
    parameters,
    learningRate,
    step: (batch, optimiser) =>
      t.buildTrainingStep({
        parameters,
        inputs: {
          tokens: { shape: [steps, batch], dtype: 'int32' },
          next: { shape: [steps * batch], dtype: 'int32' },
          counts: { shape: [steps * batch] },
        },
        objective: given => ({
          loss: t.crossEntropy(
            logitsOf(model, { lookup: given.lookup, vocabulary, tokens: given.inputs.tokens! }),
            given.inputs.next!,
            { sampleWeights: given.inputs.counts! },
          ),
        }),
        optimiser,
      }),
    reader: graph.build(),
  };
}
