import { single, type Value } from '../graph.ts';
import type { Dim } from '../types.ts';
import { fixedSize, refuse, resolveAxis } from './shapes.ts';

export interface ReduceOptions {
  /** All axes when left out. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with size 1 (default false). */
  readonly keepDims?: boolean;
}

function reduce(op: string, x: Value, { axes, keepDims = false }: ReduceOptions): Value {
  // To ONNX no axes means all of them.
  if (axes?.length === 0) throw refuse(op, 'there are no axes to reduce');
  const resolved = (axes ?? x.shape.map((_, axis) => axis)).map(axis => resolveAxis(op, x, axis));
  const shape: Dim[] = x.shape.flatMap((size, axis) => (resolved.includes(axis) ? (keepDims ? [1] : []) : [size]));
  return single(
    op,
    [x, x.graph.integers(resolved)],
    { shape, dtype: x.dtype },
    { attributes: { keepdims: { int: keepDims ? 1 : 0 } } },
  );
}

export const reduceSum = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceSum', x, options);
export const reduceMean = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceMean', x, options);
export const reduceMax = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceMax', x, options);
export const reduceMin = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceMin', x, options);

/** Index of the first largest value along an axis, int64. */
export function argMax(
  x: Value,
  { axis: given, keepDims = false }: { readonly axis: number; readonly keepDims?: boolean },
): Value {
  const axis = resolveAxis('argMax', x, given);
  const shape = x.shape.flatMap((size, i) => (i === axis ? (keepDims ? [1] : []) : [size]));
  return single(
    'ArgMax',
    [x],
    { shape, dtype: 'int64' },
    { attributes: { axis: { int: axis }, keepdims: { int: keepDims ? 1 : 0 } } },
  );
}

/** The k largest values along an axis, descending, and their indices (int64); equal values in order of index. */
export function topK(
  x: Value,
  k: number,
  { axis: given = -1 }: { readonly axis?: number } = {},
): { readonly values: Value; readonly indices: Value } {
  const axis = resolveAxis('topK', x, given);
  if (!(Number.isInteger(k) && k >= 1 && k <= fixedSize('topK', x, axis)))
    throw refuse('topK', `k ${k} is outside axis ${axis} of [${x.shape.join(', ')}]`);
  const shape = x.shape.map((size, i) => (i === axis ? k : size));
  const outputs = [
    { shape, dtype: x.dtype },
    { shape, dtype: 'int64' as const },
  ];
  const [values, indices] = x.graph.node('TopK', [x, x.graph.integers([k])], {
    attributes: { axis: { int: axis } },
    outputs,
  });
  return { values: values!, indices: indices! };
}

/** Exponentials that sum to 1 along an axis. */
export function softmax(x: Value, { axis: given = -1 }: { readonly axis?: number } = {}): Value {
  const axis = resolveAxis('softmax', x, given);
  return single('Softmax', [x], { shape: x.shape, dtype: x.dtype }, { attributes: { axis: { int: axis } } });
}

/** Logarithms of the softmax along an axis, exact where a probability rounds to 0. */
export function logSoftmax(x: Value, { axis: given = -1 }: { readonly axis?: number } = {}): Value {
  const axis = resolveAxis('logSoftmax', x, given);
  return single('LogSoftmax', [x], { shape: x.shape, dtype: x.dtype }, { attributes: { axis: { int: axis } } });
}
