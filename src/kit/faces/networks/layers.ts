import { add, conv2d, matmul, mul, type Value } from '../../tensor/index.ts';
import type { Weights, WeightTensor } from '../weights.ts';

/** Filters as ONNX wants them, `[out, in / groups, height, width]`, and a bias `[out]`. */
export interface ConvWeights {
  readonly filters: WeightTensor;
  readonly bias?: Float32Array;
}

export interface ConvOptions {
  readonly stride?: number;
  /** `same` keeps `ceil(size / stride)`, with the odd pixel of padding at the bottom and right, as TensorFlow does. */
  readonly padding?: 'same' | 'valid';
  readonly groups?: number;
}

/** `(x − mean) / deviation` with a mean per channel of `[n, 3, height, width]`. */
export function normalise(x: Value, mean: readonly [number, number, number], deviation: number): Value {
  const scaled = mul(x, x.graph.constant(Float32Array.of(1 / deviation), [1]));
  const offset = Float32Array.from(mean, value => -value / deviation);
  return add(scaled, x.graph.constant(offset, [1, 3, 1, 1]));
}

/** Mean of the images that all networks but the detector were trained on, RGB; they divide by 255 afterwards. */
export const CROP_MEAN = [122.782, 117.001, 104.298] as const;

/** `[height, width, in, out]` → `[out, in, height, width]`. */
export function turnFilters({ shape, data }: WeightTensor): WeightTensor {
  const [height, width, channelsIn, channelsOut] = shape as readonly [number, number, number, number];
  const taps = height * width;
  const turned = new Float32Array(data.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < channelsIn; i++) {
      const from = (tap * channelsIn + i) * channelsOut;
      for (let o = 0; o < channelsOut; o++) turned[(o * channelsIn + i) * taps + tap] = data[from + o]!;
    }
  }
  return { shape: [channelsOut, channelsIn, height, width], data: turned };
}

/** Depthwise `[height, width, channels, 1]` → `[channels, 1, height, width]`. */
export function turnDepthwiseFilters({ shape, data }: WeightTensor): WeightTensor {
  const [height, width, channels] = shape as readonly [number, number, number, number];
  return turnFilters({ shape: [height, width, 1, channels], data });
}

/** Folds `scale · (conv(x) + bias) + offset` into the convolution; filters `[out, …]`, the rest `[out]`. */
export function foldScale(
  { filters, bias }: ConvWeights,
  { scale, offset }: { readonly scale: Float32Array; readonly offset: Float32Array },
): ConvWeights {
  const perChannel = filters.data.length / scale.length;
  const scaled = new Float32Array(filters.data.length);
  for (let at = 0, channel = 0; channel < scale.length; channel++)
    for (let k = 0; k < perChannel; k++, at++) scaled[at] = filters.data[at]! * scale[channel]!;
  return {
    filters: { shape: filters.shape, data: scaled },
    bias: offset.map((value, i) => value + (bias?.[i] ?? 0) * scale[i]!),
  };
}

/** Padding `[top, left, bottom, right]` that TensorFlow calls `SAME`. */
export function samePads(x: Value, kernel: number, stride: number): [number, number, number, number] {
  const [, , height, width] = x.shape as readonly number[];
  const total = (size: number) => Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  const [tall, wide] = [total(height!), total(width!)];
  const [top, left] = [Math.floor(tall / 2), Math.floor(wide / 2)];
  return [top, left, tall - top, wide - left];
}

export function conv(x: Value, { filters, bias }: ConvWeights, options: ConvOptions = {}): Value {
  const { stride = 1, padding = 'same', groups = 1 } = options;
  const pads = padding === 'same' ? samePads(x, filters.shape[2]!, stride) : ([0, 0, 0, 0] as const);
  const offset = bias && x.graph.constant(bias, [bias.length]);
  return conv2d(x, x.graph.constant(filters.data, filters.shape), offset, { strides: [stride, stride], pads, groups });
}

/** A depthwise 3×3 convolution, then a 1×1 one with a bias: `prefix/depthwise_filter`, `/pointwise_filter`, `/bias`. */
export function separableConv(x: Value, weights: Weights, prefix: string, stride = 1): Value {
  const depthwise = turnDepthwiseFilters(weights.get(`${prefix}/depthwise_filter`, 4));
  const pointwise = turnFilters(weights.get(`${prefix}/pointwise_filter`, 4));
  const inside = conv(x, { filters: depthwise }, { stride, groups: depthwise.shape[0]! });
  return conv(inside, { filters: pointwise, bias: weights.get(`${prefix}/bias`, 1).data });
}

/** A convolution with a bias: `prefix/filters`, `prefix/bias`. */
export function plainConv(x: Value, weights: Weights, prefix: string, stride = 1): Value {
  const filters = turnFilters(weights.get(`${prefix}/filters`, 4));
  return conv(x, { filters, bias: weights.get(`${prefix}/bias`, 1).data }, { stride });
}

/** `x · weights + bias` with `x` `[n, in]`: `prefix/weights`, `prefix/bias`. */
export function fullyConnected(x: Value, weights: Weights, prefix: string): Value {
  const { shape, data } = weights.get(`${prefix}/weights`, 2);
  const bias = weights.get(`${prefix}/bias`, 1);
  return add(matmul(x, x.graph.constant(data, shape)), x.graph.constant(bias.data, bias.shape));
}
