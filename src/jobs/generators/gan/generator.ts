import {
  add,
  collectParameters,
  conv2d,
  div,
  type Lookup,
  leakyRelu,
  matmul,
  mul,
  type ParameterSet,
  reduceMean,
  reduceSum,
  reshape,
  resize,
  sqrt,
  transpose,
  upsampleConv2d,
  type Value,
} from '../../../kit/tensor/index.ts';
import { channelsAt, type GanConfiguration, SMALLEST_SIDE, sidesOf } from './configuration.ts';
import { biasOf, dense, equalisedWeight } from './layers.ts';

const EPSILON = 1e-8;
const MAPPING_LAYERS = 2;

/** Latents on the sphere of radius √d: `z / √mean(z²)`. */
function normalise(z: Value): Value {
  const square = reduceMean(mul(z, z), { axes: [1], keepDims: true });
  return div(z, sqrt(add(square, z.graph.scalar(EPSILON))));
}

interface StyledOptions {
  readonly name: string;
  readonly out: number;
  readonly kernel: 1 | 3;
  /** Bring each image's feature maps back to variance 1. */
  readonly demodulate: boolean;
  /** Double the side first, by repeating pixels. */
  readonly enlarge?: boolean;
}

/**
 * A convolution whose input channels are scaled by the style of each image, and whose output is divided by what that does to the
 * weights' length (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020, section 2.2, equations 1 to 3). The
 * weights are the same for all images here: activations are scaled before and after, which is equal and one convolution.
 */
function styledConvolution(lookup: Lookup, x: Value, style: Value, options: StyledOptions): Value {
  const { name, out, kernel, demodulate, enlarge = false } = options;
  const channels = Number(x.shape[1]);
  const scales = dense(lookup, style, { name: `${name}.style`, out: channels, bias: 1 });
  const weight = equalisedWeight(lookup, name, [out, channels, kernel, kernel]);
  const side = (kernel - 1) / 2;
  const [n] = scales.shape;
  const image = (value: Value, size: number): Value => reshape(value, [n!, size, 1, 1]);
  const scaled = mul(x, image(scales, channels));
  const sampled = enlarge
    ? upsampleConv2d(scaled, weight)
    : conv2d(scaled, weight, undefined, { pads: [side, side, side, side] });
  const bias = reshape(biasOf(lookup, name, out), [1, out, 1, 1]);
  if (!demodulate) return add(sampled, bias);
  const lengths = transpose(reduceSum(mul(weight, weight), { axes: [2, 3] }), [1, 0]);
  const variance = matmul(mul(scales, scales), lengths);
  return add(div(sampled, image(sqrt(add(variance, x.graph.scalar(EPSILON))), out)), bias);
}

/**
 * Writes the generator down: latents become a style; from a learned 4 × 4 map the feature maps grow by nearest upsampling and styled
 * convolutions; the image is the sum of what each side adds to it (the output skips of StyleGAN2, without its noise inputs).
 *
 * @param latents `[n, latentSize]` standard normal
 * @returns `[n, 3, imageSize, imageSize]`, about −1 to 1, not clipped
 */
export function writeGenerator(lookup: Lookup, latents: Value, configuration: GanConfiguration): Value {
  let style = normalise(latents);
  for (let i = 0; i < MAPPING_LAYERS; i++)
    style = leakyRelu(dense(lookup, style, { name: `mapping.${i}`, out: configuration.latentSize }));
  const first = channelsAt(configuration, SMALLEST_SIDE);
  let x = lookup('start', { shape: [1, first, SMALLEST_SIDE, SMALLEST_SIDE], start: { kind: 'normal', stdDev: 1 } });
  let image: Value | null = null;
  for (const side of sidesOf(configuration)) {
    const out = channelsAt(configuration, side);
    const styled = (value: Value, part: 'up' | 'conv'): Value =>
      leakyRelu(
        styledConvolution(lookup, value, style, {
          name: `${side}.${part}`,
          out,
          kernel: 3,
          demodulate: true,
          enlarge: part === 'up',
        }),
      );
    if (side > SMALLEST_SIDE) x = styled(x, 'up');
    x = styled(x, 'conv');
    const added = styledConvolution(lookup, x, style, { name: `${side}.rgb`, out: 3, kernel: 1, demodulate: false });
    image = image === null ? added : add(resize(image, { height: side, width: side, mode: 'linear' }), added);
  }
  return image!;
}

/** The generator's parameters. */
export function generatorParameters(configuration: GanConfiguration): ParameterSet {
  return collectParameters((lookup, graph) =>
    writeGenerator(lookup, graph.input('latents', [1, configuration.latentSize]), configuration),
  );
}
