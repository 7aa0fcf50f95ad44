import * as t from '../../../kit/tensor/index.ts';
import type { UNetConfig } from './config.ts';

/** What every part of the network needs to be written down. */
export interface UNetContext {
  readonly config: UNetConfig;
  readonly lookup: t.Lookup;
  /** Drops activations in training; null at inference. */
  readonly dropOut: ((x: t.Value) => t.Value) | null;
}

const ZEROS: t.Start = { kind: 'constant', value: 0 };
const ONES: t.Start = { kind: 'constant', value: 1 };

/** Variance 1 / fan-in, or nothing: the last layer of a residual branch starts at 0 (Dhariwal and Nichol 2021, appendix H). */
function startOf(shape: readonly number[], isLast: boolean): t.Start {
  return isLast ? ZEROS : { kind: 'normal', stdDev: 1 / Math.sqrt(t.sizeOf(shape.slice(1))) };
}

/** A layer's sizes; `isLast` marks the last of a residual branch. */
interface LayerOptions {
  readonly from: number;
  readonly to: number;
  readonly isLast?: boolean;
}

/** Convolution by a square window, with bias. */
export function convolve(
  { lookup }: UNetContext,
  x: t.Value,
  name: string,
  {
    from,
    to,
    isLast = false,
    window,
    ...options
  }: LayerOptions & { readonly window: 1 | 3 } & Pick<t.ConvOptions, 'pads' | 'strides'>,
): t.Value {
  const shape = [to, from, window, window];
  const w = lookup(`${name}.weight`, { shape, start: startOf(shape, isLast) });
  const bias = lookup(`${name}.bias`, { shape: [to], start: ZEROS });
  return t.conv2d(x, w, bias, { pads: window === 3 ? [1, 1, 1, 1] : [0, 0, 0, 0], ...options });
}

/** Doubles height and width by repeating pixels, then convolves 3×3 (diffusers' `Upsample2D`). */
export function enlarge({ lookup }: UNetContext, x: t.Value, name: string, channels: number): t.Value {
  const shape = [channels, channels, 3, 3];
  const w = lookup(`${name}.weight`, { shape, start: startOf(shape, false) });
  return t.upsampleConv2d(x, w, lookup(`${name}.bias`, { shape: [channels], start: ZEROS }));
}

/** A linear layer with bias over the last axis. */
export function project(
  { lookup }: UNetContext,
  x: t.Value,
  name: string,
  { from, to, isLast = false }: LayerOptions,
): t.Value {
  const w = lookup(`${name}.weight`, { shape: [to, from], start: startOf([to, from], isLast) });
  return t.linear(x, w, lookup(`${name}.bias`, { shape: [to], start: ZEROS }));
}

/** Group normalisation with the network's ε. */
export function normalise(
  { lookup, config }: UNetContext,
  x: t.Value,
  name: string,
  { channels, groups = config.normGroups }: { readonly channels: number; readonly groups?: number },
): t.Value {
  const scale = lookup(`${name}.weight`, { shape: [channels], start: ONES });
  const bias = lookup(`${name}.bias`, { shape: [channels], start: ZEROS });
  return t.groupNorm(x, { groups, scale, bias, epsilon: config.normEpsilon });
}

/** The network's non-linearity. */
export function activate({ config }: UNetContext, x: t.Value): t.Value {
  return { silu: t.silu, relu: t.relu, gelu: t.gelu }[config.activation](x);
}

/** Divides by a constant, where it is not 1. */
export function divideBy(x: t.Value, divisor: number): t.Value {
  return divisor === 1 ? x : t.mul(x, x.graph.scalar(1 / divisor));
}
