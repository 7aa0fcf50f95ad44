import { conv2d, type Lookup, linear, mul, sizeOf, type Value } from '../../../kit/tensor/index.ts';

/** Keeps the variance of what goes through a leaky ReLU of slope 0.2: the gain of He et al. 2015 without the slope's 2 %. */
const GAIN = Math.SQRT2;

/** Multiplies by a number that is known while the graph is written. */
export const times = (x: Value, factor: number): Value => (factor === 1 ? x : mul(x, x.graph.scalar(factor)));

/**
 * A weight with an equalised learning rate: drawn with deviation 1 and scaled by √2 / √fan-in where it is used, so that Adam moves all
 * layers alike (Karras et al., "Progressive Growing of GANs", 2018, section 4.1).
 */
export function equalisedWeight(lookup: Lookup, name: string, shape: readonly number[]): Value {
  const weight = lookup(`${name}.weight`, { shape, start: { kind: 'normal', stdDev: 1 } });
  return times(weight, GAIN / Math.sqrt(sizeOf(shape.slice(1))));
}

/** A bias of `[size]`. */
export function biasOf(lookup: Lookup, name: string, size: number, start = 0): Value {
  return lookup(`${name}.bias`, { shape: [size], start: { kind: 'constant', value: start } });
}

/** A dense layer: `[n, in]` → `[n, out]`; `bias` is what the bias starts as, 0 by default. */
export function dense(
  lookup: Lookup,
  x: Value,
  { name, out, bias = 0 }: { readonly name: string; readonly out: number; readonly bias?: number },
): Value {
  return linear(x, equalisedWeight(lookup, name, [out, Number(x.shape[1])]), biasOf(lookup, name, out, bias));
}

/** A convolution that keeps height and width: `[n, in, h, w]` → `[n, out, h, w]`; it has a bias by default. */
export function convolve(
  lookup: Lookup,
  x: Value,
  {
    name,
    out,
    kernel,
    bias = true,
  }: { readonly name: string; readonly out: number; readonly kernel: 1 | 3; readonly bias?: boolean },
): Value {
  const weight = equalisedWeight(lookup, name, [out, Number(x.shape[1]), kernel, kernel]);
  const side = (kernel - 1) / 2;
  return conv2d(x, weight, bias ? biasOf(lookup, name, out) : undefined, { pads: [side, side, side, side] });
}
