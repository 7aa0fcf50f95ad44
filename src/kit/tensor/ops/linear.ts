import { single, type Value } from '../graph.ts';
import { add } from './elementwise.ts';
import { broadcast, describe, refuse, requireRank, requireSameType } from './shapes.ts';
import { transpose } from './structure.ts';

/** Matrix product over the last two axes, the leading ones broadcast: `[…, m, k] × […, k, n] → […, m, n]`. */
export function matmul(a: Value, b: Value): Value {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw refuse('matmul', `${describe('a', a)} and ${describe('b', b)} expected at least 2 axes each`);
  }
  requireSameType('matmul', [a, b]);
  const inner = a.shape.at(-1)!;
  if (inner !== b.shape.at(-2))
    throw refuse('matmul', `${describe('a', a)} has ${inner} columns, ${describe('b', b)} has ${b.shape.at(-2)} rows`);
  const leading = broadcast('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return single('MatMul', [a, b], { shape: [...leading, a.shape.at(-2)!, b.shape.at(-1)!], dtype: a.dtype });
}

/** `x · wᵀ + b`: x `[…, in]`, w `[out, in]`, b `[out]`. */
export function linear(x: Value, w: Value, b?: Value): Value {
  requireRank('linear', 'weight', w, 2);
  if (x.shape.at(-1) !== w.shape[1])
    throw refuse('linear', `${describe('input', x)} does not fit ${describe('weight', w)}`);
  if (b !== undefined && !(b.shape.length === 1 && b.shape[0] === w.shape[0]))
    throw refuse('linear', `${describe('bias', b)} expected [${w.shape[0]}]`);
  const product = matmul(x, transpose(w, [1, 0]));
  return b === undefined ? product : add(product, b);
}
