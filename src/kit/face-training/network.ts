import {
  add,
  conv2d,
  flatten,
  Graph,
  gather,
  groupNorm,
  type Lookup,
  linear,
  maxPool2d,
  mul,
  type ParameterSet,
  relu,
  type Value,
} from '../tensor/index.ts';

const CHANNELS = [16, 32, 64, 64, 64] as const;
const GROUPS = 8;
const HALVING = { kernel: [2, 2], strides: [2, 2] } as const;
/** Rows and columns that the last layer looks at. */
const LAST_SIDE = 4;

/** Names of the model's input and output. */
export const NETWORK_INPUT = 'picture';
export const NETWORK_OUTPUT = 'logits';

/** Sides that the network halves down to 4 × 4. */
export const SIDES = [16, 32, 64, 128] as const;

/**
 * A small classifier: convolutions of 3 × 3 with group normalisation and ReLU, halving down to 4 × 4, and one linear layer. The place of
 * things is kept to the end, because a face in an image of a face is always in the same place.
 *
 * @param x `[n, 3, side, side]`, (sample − 127.5) / 127.5
 * @returns `[n, logits]`
 */
export function classifierNetwork(lookup: Lookup, x: Value, logits: number): Value {
  const convolve = (name: string, value: Value, out: number): Value => {
    const shape = [out, Number(value.shape[1]), 3, 3];
    const weight = lookup(`${name}.weight`, { shape, start: { kind: 'he' } });
    return conv2d(value, weight, undefined, { pads: [1, 1, 1, 1] });
  };
  const normalise = (name: string, value: Value): Value => {
    const shape = [Number(value.shape[1])];
    const scale = lookup(`${name}.scale`, { shape, start: { kind: 'constant', value: 1 } });
    const bias = lookup(`${name}.bias`, { shape, start: { kind: 'constant', value: 0 } });
    return groupNorm(value, { scale, bias, groups: GROUPS });
  };
  let side = Number(x.shape[2]) / 2;
  let channels: number = CHANNELS[0];
  // At full resolution: an eye of an image of 32 pixels is two of them.
  let hidden = maxPool2d(relu(convolve('conv0', x, channels)), HALVING);
  for (let stage = 1; side > LAST_SIDE; stage++, side /= 2) {
    channels = CHANNELS[stage]!;
    hidden = relu(normalise(`norm${stage}`, convolve(`conv${stage}`, hidden, channels)));
    hidden = maxPool2d(hidden, HALVING);
  }
  channels = CHANNELS.at(-1)!;
  hidden = relu(normalise('norm', convolve('conv', hidden, channels)));
  const features = flatten(hidden);
  const width = channels * LAST_SIDE * LAST_SIDE;
  const weight = lookup('head.weight', { shape: [logits, width], start: { kind: 'normal', stdDev: 0.01 } });
  return linear(features, weight, lookup('head.bias', { shape: [logits], start: { kind: 'constant', value: 0 } }));
}

/**
 * The trained network as a model of any batch: the mean of its logits for an image and its flipped copy, which errs less than either, each multiplied by its
 * scale.
 */
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
  const backwards = BigInt64Array.from({ length: side }, (_, i) => BigInt(side - 1 - i));
  const mirrored = gather(input, graph.constant(backwards, [side]), { axis: 3 });
  const lookup = parameters.constantsIn(graph, weights);
  const [own, other] = [input, mirrored].map(x => classifierNetwork(lookup, x, scales.length)) as [Value, Value];
  const halves = graph.constant(
    Float32Array.from(scales, scale => scale / 2),
    [scales.length],
  );
  graph.output(NETWORK_OUTPUT, mul(add(own, other), halves));
  return graph.build();
}
