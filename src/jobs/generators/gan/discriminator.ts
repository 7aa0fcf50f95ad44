import {
  add,
  avgPool2d,
  collectParameters,
  concat,
  expand,
  flatten,
  type Lookup,
  leakyRelu,
  mul,
  type ParameterSet,
  reduceMean,
  reshape,
  sqrt,
  sub,
  type Value,
} from '../../../kit/tensor/index.ts';
import { channelsAt, type GanConfiguration, SMALLEST_SIDE, sidesOf } from './configuration.ts';
import { convolve, dense, times } from './layers.ts';

const EPSILON = 1e-8;
/** Neighbours in a batch whose spread is measured together. */
const LARGEST_GROUP = 4;

/** Images of a batch of `n` that are compared with each other; it divides n. */
export function groupSize(n: number): number {
  let size = Math.min(LARGEST_GROUP, n);
  while (n % size !== 0) size--;
  return size;
}

/**
 * Appends a feature map with the mean standard deviation of the features over a group of neighbours in the batch, by which a lack of
 * variety shows (Karras et al. 2018, section 3).
 */
function appendSpread(x: Value, group: number): Value {
  const [n, channels, height, width] = x.shape.map(Number) as [number, number, number, number];
  const grouped = reshape(x, [n / group, group, channels * height * width]);
  const centred = sub(grouped, reduceMean(grouped, { axes: [1], keepDims: true }));
  const variance = reduceMean(mul(centred, centred), { axes: [1] });
  const spread = reduceMean(sqrt(add(variance, x.graph.scalar(EPSILON))), { axes: [1], keepDims: true });
  const map = expand(reshape(spread, [n / group, 1, 1, 1]), [n / group, group, height, width]);
  return concat([x, reshape(map, [n, 1, height, width])], { axis: 1 });
}

/**
 * Writes the discriminator down: residual blocks that halve the side by average pooling (the residual form of StyleGAN2), the spread
 * within groups of the batch, and a dense layer.
 *
 * @param images `[n, 3, imageSize, imageSize]`, −1 to 1; real and generated ones must not share a group
 * @param group see {@link groupSize}
 * @returns `[n, 1]` logits, high for real
 */
export function writeDiscriminator(
  lookup: Lookup,
  images: Value,
  { configuration, group }: { readonly configuration: GanConfiguration; readonly group: number },
): Value {
  const sides = sidesOf(configuration).reverse();
  const halve = (value: Value): Value => avgPool2d(value, { kernel: [2, 2], strides: [2, 2] });
  let x = leakyRelu(
    convolve(lookup, images, { name: 'rgb', out: channelsAt(configuration, configuration.imageSize), kernel: 1 }),
  );
  for (const side of sides.slice(0, -1)) {
    const channels = channelsAt(configuration, side);
    const out = channelsAt(configuration, side / 2);
    const first = leakyRelu(convolve(lookup, x, { name: `${side}.conv`, out: channels, kernel: 3 }));
    const second = halve(leakyRelu(convolve(lookup, first, { name: `${side}.down`, out, kernel: 3 })));
    const skip = convolve(lookup, halve(x), { name: `${side}.skip`, out, kernel: 1, bias: false });
    x = times(add(second, skip), Math.SQRT1_2);
  }
  const last = channelsAt(configuration, SMALLEST_SIDE);
  x = leakyRelu(convolve(lookup, appendSpread(x, group), { name: 'last', out: last, kernel: 3 }));
  x = leakyRelu(dense(lookup, flatten(x), { name: 'dense', out: last }));
  return dense(lookup, x, { name: 'logit', out: 1 });
}

/** The discriminator's parameters. */
export function discriminatorParameters(configuration: GanConfiguration): ParameterSet {
  const { imageSize } = configuration;
  return collectParameters((lookup, graph) =>
    writeDiscriminator(lookup, graph.input('images', [1, 3, imageSize, imageSize]), { configuration, group: 1 }),
  );
}
