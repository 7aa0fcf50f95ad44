import * as t from '../../../kit/tensor/index.ts';
import { activate, convolve, divideBy, normalise, project, type UNetContext } from './layers.ts';

export interface ResidualBlockOptions {
  readonly from: number;
  readonly to: number;
  /** What the sum is divided by. Default 1. */
  readonly divisor?: number;
  /** Halves height and width by means of 2×2 pixels, or doubles them by repeating pixels. Default neither. */
  readonly resampling?: 'down' | 'up';
}

function resample(x: t.Value, resampling: 'down' | 'up' | undefined): t.Value {
  if (resampling === undefined) return x;
  if (resampling === 'down') return t.avgPool2d(x, { kernel: [2, 2], strides: [2, 2] });
  const [height, width] = [Number(x.shape[2]), Number(x.shape[3])];
  return t.resize(x, { height: 2 * height, width: 2 * width, mode: 'nearest' });
}

/**
 * Residual block of two 3×3 convolutions into which the time enters (diffusers' `ResnetBlock2D`).
 *
 * @param x `[n, from, h, w]`
 * @param time the embedded time after its non-linearity, `[n, width]`
 */
export function residualBlock(
  context: UNetContext,
  x: t.Value,
  time: t.Value,
  name: string,
  { from, to, divisor = 1, resampling }: ResidualBlockOptions,
): t.Value {
  const { config, dropOut } = context;
  const asImage = (value: t.Value) => t.unsqueeze(value, [2, 3]);
  const first = resample(activate(context, normalise(context, x, `${name}.norm1`, { channels: from })), resampling);
  let h = convolve(context, first, `${name}.conv1`, { from, to, window: 3 });
  const scales = config.timeScaleShift === 'scale_shift';
  const timed = project(context, time, `${name}.time_emb_proj`, {
    from: config.timeEmbeddingWidth,
    to: scales ? 2 * to : to,
  });
  if (scales) {
    const [scale, shift] = t.split(timed, [to, to], { axis: 1 });
    const normal = normalise(context, h, `${name}.norm2`, { channels: to });
    h = t.add(t.mul(normal, t.add(asImage(scale!), x.graph.scalar(1))), asImage(shift!));
  } else {
    h = normalise(context, t.add(h, asImage(timed)), `${name}.norm2`, { channels: to });
  }
  h = activate(context, h);
  if (dropOut !== null) h = dropOut(h);
  h = convolve(context, h, `${name}.conv2`, { from: to, to, window: 3, isLast: true });
  const input = resample(x, resampling);
  const kept = from === to ? input : convolve(context, input, `${name}.conv_shortcut`, { from, to, window: 1 });
  return divideBy(t.add(kept, h), divisor);
}
