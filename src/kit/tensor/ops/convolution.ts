import { single, type Value } from '../graph.ts';
import type { Dim } from '../types.ts';
import { addToSize, describe, fixedSize, refuse, requireRank, requireSameType, timesSize } from './shapes.ts';
import { concat, slice } from './structure.ts';

/** How a window moves over height and width. */
export interface WindowOptions {
  readonly strides?: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
}

export interface ConvOptions extends WindowOptions {
  readonly groups?: number;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the bottom and right. */
  readonly outputPadding?: readonly [number, number];
}

/** Defaults filled in. */
export function resolveWindow({
  strides = [1, 1],
  pads = [0, 0, 0, 0],
  dilations = [1, 1],
}: WindowOptions): Required<WindowOptions> {
  return { strides, pads, dilations };
}

/** Height and width that a window of `kernel` leaves; a size known only by name becomes a name such as `(h-1)/2+1`. */
export function windowOutput(
  op: string,
  x: Value,
  kernel: readonly [number, number],
  options: Required<WindowOptions>,
): [Dim, Dim] {
  const sizes = [0, 1].map(side => {
    const size = x.shape[side + 2]!;
    const stride = options.strides[side]!;
    const reach = options.dilations[side]! * (kernel[side]! - 1) + 1;
    const more = options.pads[side]! + options.pads[side + 2]! - reach;
    if (stride === 1) return addToSize(size, more + 1);
    const travel = addToSize(size, more);
    return typeof travel === 'number' ? Math.floor(travel / stride) + 1 : `(${travel})/${stride}+1`;
  });
  if (sizes.some(size => typeof size === 'number' && size < 1))
    throw refuse(op, `${describe('input', x)} is smaller than the window of ${kernel.join('×')}`);
  return [sizes[0]!, sizes[1]!];
}

function checkBias(op: string, bias: Value | undefined, channels: number): void {
  if (bias !== undefined && !(bias.shape.length === 1 && bias.shape[0] === channels)) {
    throw refuse(op, `${describe('bias', bias)} expected [${channels}]`);
  }
}

/**
 * Two-dimensional convolution.
 *
 * @param x `[n, in, height, width]`
 * @param w `[out, in / groups, kernel height, kernel width]`
 * @param bias `[out]`
 */
export function conv2d(x: Value, w: Value, bias?: Value | undefined, options: ConvOptions = {}): Value {
  requireRank('conv2d', 'input', x, 4);
  requireRank('conv2d', 'weight', w, 4);
  requireSameType('conv2d', bias === undefined ? [x, w] : [x, w, bias]);
  const { groups = 1 } = options;
  const window = resolveWindow(options);
  const [out, perGroup, kernelHeight, kernelWidth] = [0, 1, 2, 3].map(axis => fixedSize('conv2d', w, axis)) as [
    number,
    number,
    number,
    number,
  ];
  const channels = fixedSize('conv2d', x, 1);
  if (channels !== perGroup * groups) {
    const expected = groups === 1 ? `${perGroup}` : `${perGroup} × ${groups} groups`;
    throw refuse(
      'conv2d',
      `${describe('input', x)} has ${channels} channels, ${describe('weight', w)} expects ${expected}`,
    );
  }
  if (out % groups !== 0)
    throw refuse('conv2d', `${describe('weight', w)} has ${out} filters, not a multiple of ${groups} groups`);
  checkBias('conv2d', bias, out);
  const kernel = [kernelHeight, kernelWidth] as const;
  const shape = [x.shape[0]!, out, ...windowOutput('conv2d', x, kernel, window)];
  return single(
    'Conv',
    bias === undefined ? [x, w] : [x, w, bias],
    { shape, dtype: x.dtype },
    {
      attributes: {
        kernel_shape: { ints: kernel },
        strides: { ints: window.strides },
        pads: { ints: window.pads },
        dilations: { ints: window.dilations },
        group: { int: groups },
      },
    },
  );
}

/**
 * Transposed convolution, the gradient of `conv2d` with respect to its input.
 *
 * @param x `[n, in, height, width]`
 * @param w `[in, out / groups, kernel height, kernel width]`
 */
export function convTranspose2d(
  x: Value,
  w: Value,
  bias?: Value | undefined,
  options: ConvTransposeOptions = {},
): Value {
  requireRank('convTranspose2d', 'input', x, 4);
  requireRank('convTranspose2d', 'weight', w, 4);
  requireSameType('convTranspose2d', bias === undefined ? [x, w] : [x, w, bias]);
  const { groups = 1, outputPadding = [0, 0] } = options;
  const window = resolveWindow(options);
  const [channels, perGroup, kernelHeight, kernelWidth] = [0, 1, 2, 3].map(axis =>
    fixedSize('convTranspose2d', w, axis),
  ) as [number, number, number, number];
  if (fixedSize('convTranspose2d', x, 1) !== channels) {
    throw refuse(
      'convTranspose2d',
      `${describe('input', x)} has ${x.shape[1]} channels, ${describe('weight', w)} expects ${channels}`,
    );
  }
  checkBias('convTranspose2d', bias, perGroup * groups);
  const kernel = [kernelHeight, kernelWidth];
  const sizes = [0, 1].map(side => {
    const stride = window.strides[side]!;
    const pads = window.pads[side]! + window.pads[side + 2]!;
    const more = window.dilations[side]! * (kernel[side]! - 1) + 1 + outputPadding[side]! - stride - pads;
    return addToSize(timesSize(x.shape[side + 2]!, stride), more);
  });
  if (sizes.some(size => typeof size === 'number' && size < 1))
    throw refuse('convTranspose2d', `${describe('input', x)} leaves nothing after pads [${window.pads.join(', ')}]`);
  // ONNX Runtime 1.30 on WebGPU sums wrongly over groups of several input channels and one output channel.
  if (groups > 1 && perGroup === 1 && channels > groups) {
    const each = channels / groups;
    const parts = Array.from({ length: groups }, (_, group) => {
      const own = (axis: number) => [{ axis, start: group * each, end: (group + 1) * each }];
      const ownBias = bias === undefined ? undefined : slice(bias, [{ axis: 0, start: group, end: group + 1 }]);
      return convTranspose2d(slice(x, own(1)), slice(w, own(0)), ownBias, { ...options, groups: 1 });
    });
    return concat(parts, { axis: 1 });
  }
  const shape = [x.shape[0]!, perGroup * groups, ...sizes];
  return single(
    'ConvTranspose',
    bias === undefined ? [x, w] : [x, w, bias],
    { shape, dtype: x.dtype },
    {
      attributes: {
        kernel_shape: { ints: kernel },
        strides: { ints: window.strides },
        pads: { ints: window.pads },
        dilations: { ints: window.dilations },
        output_padding: { ints: outputPadding },
        group: { int: groups },
      },
    },
  );
}
