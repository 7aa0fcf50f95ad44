import { BiolensError } from '../../../ground/errors.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape } from '../types.ts';

/** An error that names the operation and what is wrong with its operands. */
export function refuse(op: string, message: string): BiolensError {
  return new BiolensError('usage', `${op}: ${message}`);
}

/** Name and shape of an operand in a message. */
export function describe(role: string, value: Value): string {
  return `${role} ${formatShape(value.shape)}`;
}

/** Shape of two shapes broadcast against each other, as NumPy and ONNX do. */
export function broadcast(op: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[a.length - rank + axis] ?? 1;
    const right = b[b.length - rank + axis] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw refuse(op, `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
  });
}

/** An axis counted from 0, given one that may count from the end. */
export function resolveAxis(op: string, value: Value, axis: number): number {
  const rank = value.shape.length;
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw refuse(op, `axis ${axis} is outside ${formatShape(value.shape)}`);
  }
  return resolved;
}

/** The size of an axis that the operation needs to know now. */
export function fixedSize(op: string, value: Value, axis: number): number {
  const size = value.shape[axis];
  if (typeof size !== 'number') throw refuse(op, `axis ${axis} of ${formatShape(value.shape)} must have a fixed size`);
  return size;
}

/** A size plus a number; of a size known only by name, the name of the sum. */
export function addToSize(size: Dim, more: number): Dim {
  if (typeof size === 'number') return size + more;
  return more === 0 ? size : `${size}${more > 0 ? '+' : '-'}${Math.abs(more)}`;
}

/** A size times a number; of a size known only by name, the name of the product. */
export function timesSize(size: Dim, factor: number): Dim {
  if (typeof size === 'number') return size * factor;
  return factor === 1 ? size : `(${size})*${factor}`;
}

/** Sum of sizes; where one is known only by name, the name of the sum. */
export function sumSizes(sizes: readonly Dim[]): Dim {
  const fixed = sizes.reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : 0), 0);
  const names = sizes.filter(size => typeof size === 'string');
  return names.length === 0 ? fixed : addToSize(names.join('+'), fixed);
}

/** Checks that operands have one element type. */
export function requireSameType(op: string, values: readonly Value[]): void {
  const types = [...new Set(values.map(({ dtype }) => dtype))];
  if (types.length > 1) throw refuse(op, `operands are ${types.join(' and ')}`);
}

/** Checks the number of axes. */
export function requireRank(op: string, role: string, value: Value, rank: number): void {
  if (value.shape.length !== rank) throw refuse(op, `${describe(role, value)} expected ${rank} axes`);
}
