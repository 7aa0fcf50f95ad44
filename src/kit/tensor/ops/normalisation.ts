import { single, type Value } from '../graph.ts';
import { add, mul } from './elementwise.ts';
import { describe, fixedSize, refuse, requireRank } from './shapes.ts';
import { reshape } from './structure.ts';

/** Weights of a normalisation, `[channels]` each. */
export interface Affine {
  readonly scale: Value;
  readonly bias: Value;
}

function checkAffine(op: string, { scale, bias }: Affine, channels: number): void {
  for (const [role, value] of [
    ['scale', scale],
    ['bias', bias],
  ] as const) {
    if (!(value.shape.length === 1 && value.shape[0] === channels))
      throw refuse(op, `${describe(role, value)} expected [${channels}]`);
  }
}

/** Batch normalisation by recorded mean and variance, as at inference; x `[n, c, …]`. */
export function batchNorm(
  x: Value,
  affine: Affine & { readonly mean: Value; readonly variance: Value; readonly epsilon: number },
): Value {
  const channels = fixedSize('batchNorm', x, 1);
  checkAffine('batchNorm', affine, channels);
  checkAffine('batchNorm', { scale: affine.mean, bias: affine.variance }, channels);
  const inputs = [x, affine.scale, affine.bias, affine.mean, affine.variance];
  return single(
    'BatchNormalization',
    inputs,
    { shape: x.shape, dtype: x.dtype },
    { attributes: { epsilon: { float: affine.epsilon } } },
  );
}

/** The normalised rows, and beside them mean and inverse deviation, which a gradient needs. */
function normaliseRows(rows: Value, weights: readonly Value[], epsilon: number): [Value, Value, Value] {
  const statistics = { shape: [...rows.shape.slice(0, -1), 1], dtype: rows.dtype };
  const [normal, mean, inverse] = rows.graph.node('LayerNormalization', [rows, ...weights], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    outputs: [{ shape: rows.shape, dtype: rows.dtype }, statistics, statistics],
  });
  return [normal!, mean!, inverse!];
}

/** Layer normalisation over the last axis (Ba et al. 2016). */
export function layerNorm(x: Value, { scale, bias, epsilon = 1e-5 }: Affine & { readonly epsilon?: number }): Value {
  checkAffine('layerNorm', { scale, bias }, fixedSize('layerNorm', x, x.shape.length - 1));
  return normaliseRows(x, [scale, bias], epsilon)[0];
}

/**
 * Group normalisation (Wu and He 2018) of x `[n, c, height, width]`, as a layer normalisation of `[n, groups, c / groups · h · w]`: the
 * fastest form on every backend.
 */
export function groupNorm(
  x: Value,
  { groups, scale, bias, epsilon = 1e-5 }: Affine & { readonly groups: number; readonly epsilon?: number },
): Value {
  requireRank('groupNorm', 'input', x, 4);
  const [channels, height, width] = [1, 2, 3].map(axis => fixedSize('groupNorm', x, axis)) as [number, number, number];
  if (channels % groups !== 0) throw refuse('groupNorm', `${channels} channels are not a multiple of ${groups} groups`);
  checkAffine('groupNorm', { scale, bias }, channels);
  const size = (channels / groups) * height * width;
  const rows = reshape(x, [x.shape[0]!, groups, size]);
  const ones = x.graph.constant(new Float32Array(size).fill(1), [size]);
  const [normal, , inverse] = normaliseRows(rows, [ones], epsilon);
  const perChannel = (value: Value) => reshape(value, [1, channels, 1, 1]);
  const y = add(mul(reshape(normal, x.shape), perChannel(scale)), perChannel(bias));
  x.graph.composite('GroupNormalization', [x, scale, bias], [y, normal, inverse]);
  return y;
}
