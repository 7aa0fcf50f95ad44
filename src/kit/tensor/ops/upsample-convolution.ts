import type { Value } from '../graph.ts';
import { conv2d } from './convolution.ts';
import { matmul } from './linear.ts';
import { depthToSpace } from './pixel-blocks.ts';
import { fixedSize, refuse, requireRank } from './shapes.ts';
import { concat, reshape, slice, transpose } from './structure.ts';

/** Which of a 2×2 kernel's rows takes each row of the 3×3 kernel: those of the odd output rows, then those of the even ones. */
const ROW_OF_TAP = [
  [0, 0, 1],
  [0, 1, 1],
] as const;

/** `[9, 16]`: the taps of the 3×3 kernel summed into those of four 2×2 kernels. */
function phaseMatrix(): Float32Array {
  const matrix = new Float32Array(9 * 16);
  for (let tap = 0; tap < 9; tap++) {
    for (const [down, rows] of ROW_OF_TAP.entries()) {
      for (const [across, columns] of ROW_OF_TAP.entries()) {
        const place = rows[Math.floor(tap / 3)]! * 2 + columns[tap % 3]!;
        matrix[tap * 16 + (down * 2 + across) * 4 + place] = 1;
      }
    }
  }
  return matrix;
}

/**
 * A 3×3 convolution with a border of one of an image that is first enlarged twice by repeating pixels, with half of that work: repeated
 * pixels meet sums of the kernel's taps, so each of the four kinds of output pixels is a 2×2 convolution of the small image.
 *
 * @param x `[n, in, height, width]`
 * @param w `[out, in, 3, 3]`
 * @param bias `[out]`
 * @returns `[n, out, 2 · height, 2 · width]`
 */
export function upsampleConv2d(x: Value, w: Value, bias?: Value): Value {
  requireRank('upsampleConv2d', 'input', x, 4);
  requireRank('upsampleConv2d', 'weight', w, 4);
  const [out, into, ...kernel] = [0, 1, 2, 3].map(axis => fixedSize('upsampleConv2d', w, axis)) as [
    number,
    number,
    number,
    number,
  ];
  if (kernel[0] !== 3 || kernel[1] !== 3) throw refuse('upsampleConv2d', `the kernel is ${kernel.join('×')}, not 3×3`);
  const { graph } = x;
  const kernels = matmul(reshape(w, [out * into, 9]), graph.constant(phaseMatrix(), [9, 16]));
  const phases = reshape(transpose(reshape(kernels, [out * into, 4, 4]), [1, 0, 2]), [4 * out, into, 2, 2]);
  const biases = bias === undefined ? undefined : concat([bias, bias, bias, bias], { axis: 0 });
  // Windows that reach over each edge: their blocks overhang by one pixel on every side.
  const blocks = depthToSpace(conv2d(x, phases, biases, { pads: [1, 1, 1, 1] }), 2);
  const [height, width] = [2, 3].map(axis => 2 * fixedSize('upsampleConv2d', x, axis)) as [number, number];
  return slice(blocks, [
    { axis: 2, start: 1, end: height + 1 },
    { axis: 3, start: 1, end: width + 1 },
  ]);
}
