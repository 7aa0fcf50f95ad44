import * as t from '../../../kit/tensor/index.ts';
import { divideBy, normalise, project, type UNetContext } from './layers.ts';

export interface SelfAttentionOptions {
  readonly channels: number;
  /** Groups of the normalisation; null: there is none. */
  readonly groups: number | null;
  readonly divisor?: number;
}

/**
 * Self-attention among the pixels, added to its input (diffusers' `Attention` with a residual connection).
 *
 * @param x `[n, channels, h, w]`
 */
export function selfAttention(
  context: UNetContext,
  x: t.Value,
  name: string,
  { channels, groups, divisor = 1 }: SelfAttentionOptions,
): t.Value {
  const width = context.config.headChannels ?? channels;
  const heads = Math.max(1, Math.floor(channels / width));
  const inner = heads * width;
  const [n, , height, columns] = x.shape;
  const pixels = Number(height) * Number(columns);
  const normal = groups === null ? x : normalise(context, x, `${name}.group_norm`, { channels, groups });
  const rows = t.transpose(t.reshape(normal, [n!, channels, pixels]), [0, 2, 1]);
  const toHeads = (part: string): t.Value => {
    const projected = project(context, rows, `${name}.${part}`, { from: channels, to: inner });
    return heads === 1 ? projected : t.transpose(t.reshape(projected, [n!, pixels, heads, width]), [0, 2, 1, 3]);
  };
  const seen = t.attention(toHeads('to_q'), toHeads('to_k'), toHeads('to_v'));
  const joined = heads === 1 ? seen : t.reshape(t.transpose(seen, [0, 2, 1, 3]), [n!, pixels, inner]);
  const out = project(context, joined, `${name}.to_out.0`, { from: inner, to: channels, isLast: true });
  const image = t.reshape(t.transpose(out, [0, 2, 1]), x.shape);
  return divideBy(t.add(image, x), divisor);
}
