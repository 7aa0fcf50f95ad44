import {
  conv2d,
  flatten,
  Graph,
  groupNorm,
  type Lookup,
  linear,
  maxPool2d,
  mul,
  type ParameterSet,
  relu,
  type Value,
} from '../../tensor/index.ts';

const CHANNELS = [24, 32, 48, 64, 64] as const;
const GROUPS = 8;
/** Rows and columns that the last layer looks at. */
const LAST_SIDE = 4;

/** Names of the model's input and output. */
export const NETWORK_INPUT = 'picture';
export const NETWORK_OUTPUT = 'logits';

/** Sides that the network halves down to 4 × 4. */
export const SIDES = [16, 32, 64, 128] as const;

/**
 * A small classifier: convolutions of 3 × 3 with group normalisation and SiLU, halving down to 4 × 4, and one linear layer. The place of
 * things is kept to the end, because a face in a picture of a face is always in the same place.
 *
 * @param x `[n, 3, side, side]`, (sample − 127.5) / 127.5
 * @returns `[n, logits]`
 */
export function classifierNetwork(lookup: Lookup, x: Value, logits: number): Value {
  const convolve = (name: string, value: Value, out: number, stride: 1 | 2): Value => {
    const shape = [out, Number(value.shape[1]), 3, 3];
    const weight = lookup(`${name}.weight`, { shape, start: { kind: 'he' } });
    return conv2d(value, weight, undefined, { pads: [1, 1, 1, 1], strides: [stride, stride] });
  };
  const normalise = (name: string, value: Value): Value => {
    const shape = [Number(value.shape[1])];
    const scale = lookup(`${name}.scale`, { shape, start: { kind: 'constant', value: 1 } });
    const bias = lookup(`${name}.bias`, { shape, start: { kind: 'constant', value: 0 } });
    return groupNorm(value, { scale, bias, groups: GROUPS });
  };
  let side = Number(x.shape[2]) / 2;
  let channels: number = CHANNELS[0];
  let hidden = relu(normalise('norm0', convolve('conv0', x, channels, 2)));
  for (let stage = 1; side > LAST_SIDE; stage++, side /= 2) {
    channels = CHANNELS[stage]!;
    hidden = relu(normalise(`norm${stage}`, convolve(`conv${stage}`, hidden, channels, 1)));
    hidden = maxPool2d(hidden, { kernel: [2, 2], strides: [2, 2] });
  }
  channels = CHANNELS.at(-1)!;
  hidden = relu(normalise('norm', convolve('conv', hidden, channels, 1)));
  const features = flatten(hidden);
  const width = channels * LAST_SIDE * LAST_SIDE;
  const weight = lookup('head.weight', { shape: [logits, width], start: { kind: 'normal', stdDev: 0.01 } });
  return linear(features, weight, lookup('head.bias', { shape: [logits], start: { kind: 'constant', value: 0 } }));
}

/** The trained network as a model of any batch; each logit is multiplied by its scale. */
export function trainedModel(
  parameters: ParameterSet,
  {
    weights,
    side,
    scales,
  }: { readonly weights: Float32Array; readonly side: number; readonly scales: readonly number[] },
): Uint8Array {
  const graph = new Graph();
  const input = graph.input(NETWORK_INPUT, ['n', 3, side, side]);
  const logits = classifierNetwork(parameters.constantsIn(graph, weights), input, scales.length);
  graph.output(NETWORK_OUTPUT, mul(logits, graph.constant(Float32Array.from(scales), [scales.length])));
  return graph.build();
}
