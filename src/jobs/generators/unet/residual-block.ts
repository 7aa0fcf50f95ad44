import * as t from '../../../kit/tensor/index.ts';
import { activate, convolve, divideBy, normalise, project, type UNetContext } from './layers.ts';

export interface ResidualBlockOptions {
  readonly from: number;
  readonly to: number;
  /** What the sum is divided by. Default 1. */
  readonly divisor?: number;
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
  { from, to, divisor = 1 }: ResidualBlockOptions,
): t.Value {
  const { config, dropOut } = context;
  const asImage = (value: t.Value) => t.unsqueeze(value, [2, 3]);
  const first = activate(context, normalise(context, x, `${name}.norm1`, { channels: from }));
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
  const kept = from === to ? x : convolve(context, x, `${name}.conv_shortcut`, { from, to, window: 1 });
  return divideBy(t.add(kept, h), divisor);
}
