import { type Attribute, single, type Value } from '../graph.ts';
import { ONNX_TYPES } from '../onnx/types.ts';
import type { DType } from '../types.ts';
import { broadcast, refuse, requireSameType } from './shapes.ts';

function unary(op: string, x: Value, attributes: Readonly<Record<string, Attribute>> = {}): Value {
  return single(op, [x], { shape: x.shape, dtype: x.dtype }, { attributes });
}

function binary(op: string, a: Value, b: Value, dtype: DType = a.dtype): Value {
  requireSameType(op, [a, b]);
  return single(op, [a, b], { shape: broadcast(op, a.shape, b.shape), dtype });
}

export const add = (a: Value, b: Value): Value => binary('Add', a, b);
export const sub = (a: Value, b: Value): Value => binary('Sub', a, b);
export const mul = (a: Value, b: Value): Value => binary('Mul', a, b);
export const div = (a: Value, b: Value): Value => binary('Div', a, b);
export const pow = (a: Value, b: Value): Value => binary('Pow', a, b);
export const maximum = (a: Value, b: Value): Value => binary('Max', a, b);
export const minimum = (a: Value, b: Value): Value => binary('Min', a, b);
/** 1 where `a > b`; type bool. */
export const greater = (a: Value, b: Value): Value => binary('Greater', a, b, 'bool');
export const less = (a: Value, b: Value): Value => binary('Less', a, b, 'bool');
export const equal = (a: Value, b: Value): Value => binary('Equal', a, b, 'bool');

export const neg = (x: Value): Value => unary('Neg', x);
export const abs = (x: Value): Value => unary('Abs', x);
export const sqrt = (x: Value): Value => unary('Sqrt', x);
export const exp = (x: Value): Value => unary('Exp', x);
export const log = (x: Value): Value => unary('Log', x);
export const tanh = (x: Value): Value => unary('Tanh', x);
export const sigmoid = (x: Value): Value => unary('Sigmoid', x);
export const relu = (x: Value): Value => unary('Relu', x);
/** x where it is positive, else `slope`·x (default 0.2, as discriminators have it). */
export const leakyRelu = (x: Value, { slope = 0.2 }: { readonly slope?: number } = {}): Value =>
  unary('LeakyRelu', x, { alpha: { float: slope } });
/** log(1 + eˣ), without overflow; `softplus(−x)` is −log σ(x). */
export const softplus = (x: Value): Value => unary('Softplus', x);
/** x·Φ(x), by the error function or by the approximation with a hyperbolic tangent (Hendrycks and Gimpel 2016). */
export const gelu = (x: Value, { approximate = 'none' }: { readonly approximate?: 'none' | 'tanh' } = {}): Value =>
  unary('Gelu', x, { approximate: { string: approximate } });
export const erf = (x: Value): Value => unary('Erf', x);
/** x·σ(x). */
export function silu(x: Value): Value {
  const share = sigmoid(x);
  const y = mul(x, share);
  x.graph.composite('Silu', [x], [y, share]);
  return y;
}

/** Holds values between `min` and `max`. */
export function clip(x: Value, { min, max }: { readonly min: number; readonly max: number }): Value {
  if (!(min <= max)) throw refuse('clip', `min ${min} is above max ${max}`);
  if (x.dtype !== 'float32') throw refuse('clip', `the input is ${x.dtype}, expected float32`);
  return single('Clip', [x, x.graph.scalar(min), x.graph.scalar(max)], { shape: x.shape, dtype: x.dtype });
}

/** Picks from `a` where `condition` (bool) holds, else from `b`. */
export function where(condition: Value, a: Value, b: Value): Value {
  if (condition.dtype !== 'bool') throw refuse('where', `the condition is ${condition.dtype}, expected bool`);
  requireSameType('where', [a, b]);
  const shape = broadcast('where', condition.shape, broadcast('where', a.shape, b.shape));
  return single('Where', [condition, a, b], { shape, dtype: a.dtype });
}

/** Converts to another element type. */
export function cast(x: Value, dtype: DType): Value {
  return single('Cast', [x], { shape: x.shape, dtype }, { attributes: { to: { int: ONNX_TYPES[dtype] } } });
}
