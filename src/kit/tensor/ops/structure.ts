import { single, type Value } from '../graph.ts';
import { type Dim, formatShape, sizeOf } from '../types.ts';
import {
  addToSize,
  broadcast,
  describe,
  fixedSize,
  refuse,
  requireRank,
  requireSameType,
  resolveAxis,
  sumSizes,
} from './shapes.ts';

const namesOf = (shape: readonly Dim[]) => shape.filter(size => typeof size === 'string');
const fixedProduct = (shape: readonly Dim[]) => sizeOf(shape.filter(size => typeof size === 'number'));

/** The same numbers in another shape. Sizes known by name stay; all but one of them must stay on their axis. */
export function reshape(x: Value, shape: readonly Dim[]): Value {
  const moved = shape.filter((size, axis) => typeof size === 'string' && size !== x.shape[axis]);
  const sameNames = namesOf(shape).sort().join() === namesOf(x.shape).sort().join();
  if (moved.length > 1 || !sameNames || fixedProduct(shape) !== fixedProduct(x.shape)) {
    throw refuse('reshape', `${formatShape(x.shape)} cannot become ${formatShape(shape)}`);
  }
  // To ONNX, 0 is the size of the same axis of the input and −1 what is left.
  const sizes = shape.map((size, axis) => (typeof size === 'number' ? size : size === x.shape[axis] ? 0 : -1));
  return single('Reshape', [x, x.graph.integers(sizes)], { shape, dtype: x.dtype });
}

/** All axes but the first as one. */
export function flatten(x: Value): Value {
  return reshape(x, [x.shape[0]!, fixedProduct(x.shape.slice(1))]);
}

/** Axes in the order of `axes`. */
export function transpose(x: Value, axes: readonly number[]): Value {
  if ([...axes].sort((a, b) => a - b).join() !== x.shape.map((_, axis) => axis).join()) {
    throw refuse('transpose', `[${axes.join(', ')}] is no order of the axes of ${formatShape(x.shape)}`);
  }
  return single(
    'Transpose',
    [x],
    { shape: axes.map(axis => x.shape[axis]!), dtype: x.dtype },
    { attributes: { perm: { ints: axes } } },
  );
}

/** Joins tensors along an axis. */
export function concat(values: readonly Value[], { axis: given }: { readonly axis: number }): Value {
  const [first] = values;
  if (first === undefined) throw refuse('concat', 'nothing to join');
  const axis = resolveAxis('concat', first, given);
  for (const value of values) {
    const fits =
      value.shape.length === first.shape.length &&
      value.shape.every((size, i) => i === axis || size === first.shape[i]);
    if (!fits)
      throw refuse('concat', `${formatShape(first.shape)} and ${formatShape(value.shape)} differ outside axis ${axis}`);
  }
  requireSameType('concat', values);
  const total = sumSizes(values.map(value => value.shape[axis]!));
  const shape = first.shape.map((size, i) => (i === axis ? total : size));
  return single('Concat', values, { shape, dtype: first.dtype }, { attributes: { axis: { int: axis } } });
}

/** Cuts along an axis into pieces of the given sizes. */
export function split(x: Value, sizes: readonly number[], { axis: given }: { readonly axis: number }): Value[] {
  const axis = resolveAxis('split', x, given);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== fixedSize('split', x, axis))
    throw refuse('split', `sizes [${sizes.join(', ')}] do not fill axis ${axis} of ${formatShape(x.shape)}`);
  const outputs = sizes.map(size => ({ shape: x.shape.map((d, i) => (i === axis ? size : d)), dtype: x.dtype }));
  return x.graph.node('Split', [x, x.graph.integers(sizes)], { attributes: { axis: { int: axis } }, outputs });
}

/** One axis of a slice: from `start` up to, not including, `end`, in steps. */
export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step?: number;
}

/** Part of a tensor. Steps are positive. */
export function slice(x: Value, ranges: readonly SliceRange[]): Value {
  const shape = [...x.shape];
  const axes = ranges.map(range => resolveAxis('slice', x, range.axis));
  ranges.forEach(({ start, end, step = 1 }, i) => {
    const axis = axes[i]!;
    const size = fixedSize('slice', x, axis);
    if (!(start >= 0 && start < end && end <= size && step >= 1)) {
      throw refuse('slice', `${start}:${end}:${step} is outside axis ${axis} of ${formatShape(x.shape)}`);
    }
    shape[axis] = Math.ceil((end - start) / step);
  });
  const list = (pick: (range: SliceRange) => number) => x.graph.integers(ranges.map(pick));
  const inputs = [
    x,
    list(range => range.start),
    list(range => range.end),
    x.graph.integers(axes),
    list(range => range.step ?? 1),
  ];
  return single('Slice', inputs, { shape, dtype: x.dtype });
}

/** Adds a constant around a tensor: `before[i]` and `after[i]` on axis i; negative numbers crop. */
export function pad(
  x: Value,
  {
    before,
    after,
    value = 0,
  }: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value?: number },
): Value {
  if (before.length !== x.shape.length || after.length !== x.shape.length) {
    throw refuse('pad', `${describe('input', x)} expected ${x.shape.length} numbers before and after`);
  }
  if (x.dtype !== 'float32') throw refuse('pad', `the input is ${x.dtype}, expected float32`);
  const shape = x.shape.map((size, axis) => addToSize(size, before[axis]! + after[axis]!));
  if (shape.some(size => typeof size === 'number' && size < 0))
    throw refuse('pad', `${describe('input', x)} is smaller than what is cropped`);
  return single('Pad', [x, x.graph.integers([...before, ...after]), x.graph.scalar(value)], { shape, dtype: x.dtype });
}

/** Rows of an axis by index; indices int64 of any shape, which takes the axis's place. */
export function gather(x: Value, indices: Value, { axis: given = 0 }: { readonly axis?: number } = {}): Value {
  const axis = resolveAxis('gather', x, given);
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32')
    throw refuse('gather', `indices are ${indices.dtype}, expected int64`);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return single('Gather', [x, indices], { shape, dtype: x.dtype }, { attributes: { axis: { int: axis } } });
}

/** Repeats axes of size 1 to fill a shape. */
export function expand(x: Value, shape: readonly number[]): Value {
  const result = broadcast('expand', x.shape, shape);
  return single('Expand', [x, x.graph.integers(shape)], { shape: result, dtype: x.dtype });
}

/** Inserts axes of size 1 at the given places of the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  const rank = x.shape.length + axes.length;
  if (new Set(axes).size < axes.length || axes.some(axis => !(Number.isInteger(axis) && axis >= 0 && axis < rank)))
    throw refuse('unsqueeze', `axes [${axes.join(', ')}] are no places among ${rank} axes`);
  const shape = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return single('Unsqueeze', [x, x.graph.integers(axes)], { shape, dtype: x.dtype });
}

/** Removes axes of size 1. */
export function squeeze(x: Value, axes: readonly number[]): Value {
  const gone = axes.map(axis => resolveAxis('squeeze', x, axis));
  if (gone.some(axis => x.shape[axis] !== 1))
    throw refuse('squeeze', `axes [${axes.join(', ')}] of ${formatShape(x.shape)} are not all 1`);
  return single('Squeeze', [x, x.graph.integers(gone)], {
    shape: x.shape.filter((_, axis) => !gone.includes(axis)),
    dtype: x.dtype,
  });
}

/**
 * Resizes height and width by sampling.
 *
 * `nearest` repeats pixels (asymmetric, floor); `linear` interpolates between pixel centres (half-pixel), without antialiasing.
 */
export function resize(
  x: Value,
  { height, width, mode }: { readonly height: number; readonly width: number; readonly mode: 'nearest' | 'linear' },
): Value {
  requireRank('resize', 'input', x, 4);
  const attributes =
    mode === 'nearest'
      ? {
          mode: { string: 'nearest' },
          coordinate_transformation_mode: { string: 'asymmetric' },
          nearest_mode: { string: 'floor' },
        }
      : { mode: { string: 'linear' }, coordinate_transformation_mode: { string: 'half_pixel' } };
  // Sizes rather than scales: 31 / 7 in single precision times 7 is less than 31.
  const inputs = [x, null, null, x.graph.integers([height, width])];
  const shape = [x.shape[0]!, x.shape[1]!, height, width];
  return single('Resize', inputs, { shape, dtype: x.dtype }, { attributes: { ...attributes, axes: { ints: [2, 3] } } });
}
