import type { Value } from '../../graph.ts';
import { type ConvOptions, conv2d, convTranspose2d } from '../../ops/convolution.ts';
import { reshape, transpose } from '../../ops/structure.ts';
import { imageShape } from './rule.ts';
import { reverse } from './structure.ts';

/** The kernel `[out, in / groups, h, w]` rotated by half a turn, with the roles of its channels swapped: `[in, out / groups, h, w]`. */
function rotateKernel(w: Value, groups: number): Value {
  const [out, perGroup, height, width] = imageShape('Conv', w);
  const swapped =
    groups === 1
      ? transpose(w, [1, 0, 2, 3])
      : transpose(reshape(w, [groups, out / groups, perGroup, height * width]), [0, 2, 1, 3]);
  const shape = [perGroup * groups, out / groups, height, width];
  if (height * width === 1) return reshape(swapped, shape);
  // Rotating is reversing the taps in a row.
  return reshape(reverse(reshape(swapped, [perGroup * groups, out / groups, height * width]), 2), shape);
}

/**
 * Gradient of a convolution with respect to its input, of `[n, in, height, width]`: for stride 1 a convolution with the rotated kernel,
 * faster than the transposed convolution that all others take.
 */
export function convInputGradient(
  gradient: Value,
  w: Value,
  { x, ...options }: Required<ConvOptions> & { readonly x: Value },
): Value {
  const { strides, pads, dilations, groups } = options;
  const [, , kernelHeight, kernelWidth] = imageShape('Conv', w);
  const reach = [dilations[0] * (kernelHeight - 1), dilations[1] * (kernelWidth - 1)] as const;
  const turned = [reach[0] - pads[0], reach[1] - pads[1], reach[0] - pads[2], reach[1] - pads[3]] as const;
  if (strides[0] === 1 && strides[1] === 1 && turned.every(size => size >= 0))
    return conv2d(gradient, rotateKernel(w, groups), undefined, { pads: turned, dilations, groups });
  const [, , height, width] = imageShape('Conv', x);
  const [, , rows, columns] = imageShape('Conv', gradient);
  // Rows at the end that no window reached.
  const outputPadding = [
    height - ((rows - 1) * strides[0] + reach[0] + 1 - pads[0] - pads[2]),
    width - ((columns - 1) * strides[1] + reach[1] + 1 - pads[1] - pads[3]),
  ] as const;
  return convTranspose2d(gradient, w, undefined, { ...options, outputPadding });
}
