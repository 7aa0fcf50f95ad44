import type { Value } from '../../graph.ts';
import type { ConvOptions } from '../../ops/convolution.ts';
import { matmul } from '../../ops/linear.ts';
import { concat, pad, reshape, slice, transpose } from '../../ops/structure.ts';
import { swapLast } from './linear.ts';
import { imageShape, sameShape } from './rule.ts';

interface WeightGradientOptions extends Required<ConvOptions> {
  readonly kernel: readonly [number, number];
}

/** Fewer channels than this make thin products: there the taps are joined into one. A judgement, not a measured optimum. */
const THIN_CHANNELS = 32;

const channelsFirst = (x: Value): Value => transpose(x, [1, 0, 2, 3]);
const count = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

/** Adds or crops rows and columns of a tensor `[·, ·, rows, columns]`. */
function padImage(
  x: Value,
  { rows = [0, 0], columns = [0, 0] }: { readonly rows?: readonly number[]; readonly columns?: readonly number[] },
): Value {
  if ([...rows, ...columns].every(size => size === 0)) return x;
  return pad(x, { before: [0, 0, rows[0]!, columns[0]!], after: [0, 0, rows[1]!, columns[1]!] });
}

/**
 * Stride 1, one group: horizontal shifts of the input times vertical shifts of the gradient, matrix products of
 * `[kernel height · out, n · rows · columns]` by `[…, kernel width · in]`, which have every tap. Six copies for a 3×3 kernel, where im2col
 * makes nine; the shifts of the side with more channels are not joined, but multiplied one by one.
 */
function byShifts(gradient: Value, x: Value, { kernel, pads, dilations }: WeightGradientOptions): Value {
  const [n, channels, height, width] = imageShape('Conv', x);
  const [, out, rows, columns] = imageShape('Conv', gradient);
  const [images, slopes] = [channelsFirst(x), channelsFirst(gradient)];
  const shiftedImages = count(kernel[1]).map(tap => {
    const left = pads[1] - tap * dilations[1];
    return padImage(images, { columns: [left, columns - width - left] });
  });
  const shiftedSlopes = count(kernel[0]).map(tap => {
    const top = tap * dilations[0] - pads[0];
    return padImage(slopes, { rows: [top, height - rows - top] });
  });
  const length = n * height * columns;
  const joined = (values: readonly Value[], size: number) =>
    reshape(values.length === 1 ? values[0]! : concat(values, { axis: 0 }), [values.length * size, length]);
  const apart = Math.max(channels, out) >= THIN_CHANNELS;
  const factors = (values: readonly Value[], size: number, join: boolean) =>
    join ? [joined(values, size)] : values.map(value => reshape(value, [size, length]));
  const left = factors(shiftedSlopes, out, !apart || out <= channels);
  const right = factors(shiftedImages, channels, !apart || channels < out);
  // Of either side there is one factor, or one for each shift: then the products stand side by side, or one below the other.
  const products = left.flatMap(slope => right.map(image => matmul(slope, swapLast(image))));
  const taps = products.length === 1 ? products[0]! : concat(products, { axis: right.length > 1 ? 1 : 0 });
  const shape = [out, channels, kernel[0], kernel[1]];
  if (kernel[0] * kernel[1] === 1) return reshape(taps, shape);
  return transpose(reshape(taps, [kernel[0], out, kernel[1], channels]), [1, 3, 0, 2]);
}

/** Whether shifts copy less than taps, as they do but for few channels; and crop no more than there is, since an engine need not pad what it has cropped to nothing. */
function canShift(
  gradient: Value,
  x: Value,
  { kernel, pads, dilations, strides, groups }: WeightGradientOptions,
): boolean {
  if (groups !== 1 || strides[0] !== 1 || strides[1] !== 1) return false;
  const [, channels, height, width] = imageShape('Conv', x);
  const [, out, rows, columns] = imageShape('Conv', gradient);
  if (kernel[0] * kernel[1] * channels < kernel[1] * channels + kernel[0] * out) return false;
  const furthest = [dilations[0] * (kernel[0] - 1), dilations[1] * (kernel[1] - 1)] as const;
  return (
    Math.max(pads[0], pads[2], furthest[0]) < Math.min(height, rows) &&
    Math.max(pads[1], pads[3], furthest[1]) < Math.min(width, columns)
  );
}

/** Any stride, dilation and groups: the input's pixels under each tap of the kernel, times the gradient. */
function byTaps(gradient: Value, x: Value, { kernel, strides, pads, dilations, groups }: WeightGradientOptions): Value {
  const [n, channels] = imageShape('Conv', x);
  const [, out, rows, columns] = imageShape('Conv', gradient);
  const perGroup = channels / groups;
  const padded = padImage(channelsFirst(x), { rows: [pads[0], pads[2]], columns: [pads[1], pads[3]] });
  const under = count(kernel[0]).flatMap(i =>
    count(kernel[1]).map(j => {
      const [top, left] = [i * dilations[0], j * dilations[1]];
      const ranges = [
        { axis: 2, start: top, end: top + (rows - 1) * strides[0] + 1, step: strides[0] },
        { axis: 3, start: left, end: left + (columns - 1) * strides[1] + 1, step: strides[1] },
      ];
      const whole = sameShape(padded.shape, [channels, n, rows, columns]);
      return reshape(whole ? padded : slice(padded, ranges), [groups, perGroup, n * rows * columns]);
    }),
  );
  const slopes = reshape(channelsFirst(gradient), [groups, out / groups, n * rows * columns]);
  const shape = [out, perGroup, kernel[0], kernel[1]];
  if (under.length === 1) return reshape(matmul(slopes, swapLast(under[0]!)), shape);
  if (perGroup >= THIN_CHANNELS) {
    const taps = under.map(pixels => reshape(matmul(slopes, swapLast(pixels)), [out, perGroup, 1]));
    return reshape(concat(taps, { axis: 2 }), shape);
  }
  const taps = matmul(slopes, swapLast(concat(under, { axis: 1 })));
  return reshape(transpose(reshape(taps, [out, under.length, perGroup]), [0, 2, 1]), shape);
}

/** Gradient of a convolution with respect to its weight, `[out, in / groups, kernel height, kernel width]`. */
export function convWeightGradient(gradient: Value, x: Value, options: WeightGradientOptions): Value {
  return canShift(gradient, x, options) ? byShifts(gradient, x, options) : byTaps(gradient, x, options);
}
