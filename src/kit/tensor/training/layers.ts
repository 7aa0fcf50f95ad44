import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import type { Value } from '../graph.ts';
import { add, cast, mul, pow, sub } from '../ops/elementwise.ts';
import { matmul } from '../ops/linear.ts';
import type { Affine } from '../ops/normalisation.ts';
import { reduceMean, softmax } from '../ops/reduction.ts';
import { reshape, transpose } from '../ops/structure.ts';
import { formatShape, sizeOf, type TensorData } from '../types.ts';

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1): softmax(q·kᵀ/√d)·v.
 *
 * @param q `[…, queries, d]`
 * @param k `[…, keys, d]`
 * @param v `[…, keys, values]`
 * @returns `[…, queries, values]`
 */
export function attention(q: Value, k: Value, v: Value): Value {
  const width = q.shape.at(-1);
  if (k.shape.length < 2 || typeof width !== 'number')
    throw new BiolensError(
      'usage',
      `attention: queries ${formatShape(q.shape)} and keys ${formatShape(k.shape)} expected a fixed last axis`,
    );
  const axes = k.shape.map((_, axis) => axis);
  const keys = transpose(k, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  // Scaling the queries is less work than scaling the scores.
  return matmul(softmax(matmul(mul(q, q.graph.scalar(1 / Math.sqrt(width))), keys)), v);
}

/**
 * Batch normalisation by the batch's own statistics, as in training (Ioffe and Szegedy 2015, algorithm 1).
 *
 * @param x `[n, c, …]`
 * @returns the normalised value, and the batch's mean and biased variance `[c]`, for running averages that inference uses
 */
export function batchNormTraining(
  x: Value,
  { scale, bias, epsilon = 1e-5 }: Affine & { readonly epsilon?: number },
): { readonly value: Value; readonly mean: Value; readonly variance: Value } {
  const channels = x.shape[1];
  if (typeof channels !== 'number' || [scale, bias].some(({ shape }) => shape.length !== 1 || shape[0] !== channels))
    throw new BiolensError(
      'usage',
      `batchNormTraining: input ${formatShape(x.shape)}, scale ${formatShape(scale.shape)} and bias ${formatShape(bias.shape)} do not fit`,
    );
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = reduceMean(x, { axes, keepDims: true });
  const centred = sub(x, mean);
  const variance = reduceMean(mul(centred, centred), { axes, keepDims: true });
  const perChannel = (value: Value) => reshape(value, mean.shape);
  const slope = mul(perChannel(scale), pow(add(variance, x.graph.scalar(epsilon)), x.graph.scalar(-0.5)));
  return {
    value: add(mul(centred, slope), perChannel(bias)),
    mean: reshape(mean, [channels]),
    variance: reshape(variance, [channels]),
  };
}

function checkRate(op: string, rate: number): void {
  if (!(rate >= 0 && rate < 1))
    throw new BiolensError('usage', `${op}: "rate" expected a number in [0, 1), got ${rate}`);
}

/**
 * Dropout (Srivastava et al. 2014) in the inverted form: what the mask keeps is divided by 1 − rate.
 *
 * @param mask bool, broadcastable to x: an input that {@link drawDropoutMask} fills, so that a step is a function of its inputs alone
 */
export function dropout(x: Value, mask: Value, { rate }: { readonly rate: number }): Value {
  checkRate('dropout', rate);
  if (mask.dtype !== 'bool') throw new BiolensError('usage', `dropout: the mask is ${mask.dtype}, expected bool`);
  return mul(x, mul(cast(mask, 'float32'), x.graph.scalar(1 / (1 - rate))));
}

/**
 * The dropout mask of one step: a function of the key, the step and nothing else, so a resumed run samples the same mask.
 *
 * @param key one of its own for each dropout layer
 * @returns bool; each element kept with probability 1 − rate
 */
export function drawDropoutMask(
  key: RandomKey,
  { step, shape, rate }: { readonly step: number; readonly shape: readonly number[]; readonly rate: number },
): TensorData {
  checkRate('drawDropoutMask', rate);
  const stream = openStream(foldIn(key, step));
  const threshold = rate * 2 ** 32;
  const data = new Uint8Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = stream.uint32() >= threshold ? 1 : 0;
  return { dtype: 'bool', shape, data };
}
