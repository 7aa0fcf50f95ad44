import type { GraphNode, Value } from '../../graph.ts';
import { convTranspose2d } from '../../ops/convolution.ts';
import { add, equal, mul, sub } from '../../ops/elementwise.ts';
import { depthToSpace, spaceToDepth } from '../../ops/pixel-blocks.ts';
import { concat, expand, pad, reshape, resize, slice, split } from '../../ops/structure.ts';
import { indicator } from './elementwise.ts';
import { gradientAt, imageShape, inputAt, intOf, intsOf, outputAt, type Rule, type RuleTable } from './rule.ts';
import { spread } from './structure.ts';

interface Windows {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

function readWindows(node: GraphNode): Windows {
  const [height = 1, width = 1] = intsOf(node, 'kernel_shape', []);
  const [down = 1, across = 1] = intsOf(node, 'strides', [1, 1]);
  const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(node, 'pads', []);
  return { kernel: [height, width], strides: [down, across], pads: [top, left, bottom, right] };
}

/** Windows side by side that cover the input exactly. */
function isTiling({ kernel, strides, pads }: Windows, x: Value): boolean {
  const [, , height, width] = imageShape('pooling', x);
  return (
    kernel[0] === strides[0] &&
    kernel[1] === strides[1] &&
    pads.every(size => size === 0) &&
    height % kernel[0] === 0 &&
    width % kernel[1] === 0
  );
}

/** One over the number of pixels that each window's mean is taken of, `[rows, columns]`. */
function shareOfPixels(node: GraphNode, x: Value, gradient: Value): Value {
  const { kernel, strides, pads } = readWindows(node);
  const sizes = imageShape(node.op, x).slice(2);
  const windows = imageShape(node.op, gradient).slice(2);
  const counted = [0, 1].map(side =>
    Array.from({ length: windows[side]! }, (_, i) => {
      if (intOf(node, 'count_include_pad', 0) === 1) return kernel[side]!;
      const start = i * strides[side]! - pads[side]!;
      return Math.min(start + kernel[side]!, sizes[side]!) - Math.max(start, 0);
    }),
  );
  const shares = counted[0]!.flatMap(rows => counted[1]!.map(columns => 1 / (rows * columns)));
  return x.graph.constant(Float32Array.from(shares), windows);
}

const avgPoolRule: Rule = context => {
  const { node } = context;
  const gradient = gradientAt(context);
  const x = inputAt(node, 0);
  const windows = readWindows(node);
  const { kernel, strides, pads } = windows;
  const [n, channels, height, width] = imageShape(node.op, x);
  if (isTiling(windows, x)) {
    const share = mul(gradient, x.graph.scalar(1 / (kernel[0] * kernel[1])));
    return [resize(share, { height, width, mode: 'nearest' })];
  }
  // Every channel as an image of its own, under a kernel of ones.
  const [, , rows, columns] = imageShape(node.op, gradient);
  const shares = reshape(mul(gradient, shareOfPixels(node, x, gradient)), [n * channels, 1, rows, columns]);
  const ones = x.graph.constant(new Float32Array(kernel[0] * kernel[1]).fill(1), [1, 1, ...kernel]);
  const outputPadding = [
    height - ((rows - 1) * strides[0] + kernel[0] - pads[0] - pads[2]),
    width - ((columns - 1) * strides[1] + kernel[1] - pads[1] - pads[3]),
  ] as const;
  const spreadOut = convTranspose2d(shares, ones, undefined, { strides, pads, outputPadding });
  return [reshape(spreadOut, [n, channels, height, width])];
};

const globalAvgPoolRule: Rule = context => {
  const shape = imageShape(context.node.op, inputAt(context.node, 0));
  const gradient = gradientAt(context);
  return [expand(mul(gradient, gradient.graph.scalar(1 / (shape[2] * shape[3]))), shape)];
};

/** Lower than any number that counts, where padding must never win. */
const NEVER = -3.4028234663852886e38;

/** Position by position in the window, the share of the gradient that goes there: to the first of the largest pixels. */
function awardWindows(
  pixels: readonly Value[],
  { gradient, y }: { readonly gradient: Value; readonly y: Value },
): Value[] {
  let free: Value | null = null;
  return pixels.map(at => {
    const equals = indicator(equal(at, y));
    const wins: Value = free === null ? equals : mul(equals, free);
    free = free === null ? sub(at.graph.scalar(1), wins) : sub(free, wins);
    return mul(gradient, wins);
  });
}

/** Square windows side by side, of which some pixels at the end may be left over: each window's pixels become channels and go back. */
function awardTiles(x: Value, block: number, award: { readonly gradient: Value; readonly y: Value }): Value {
  const [, channels, height, width] = imageShape('MaxPool', x);
  const [, , rows, columns] = imageShape('MaxPool', award.y);
  const [end, right] = [rows * block, columns * block];
  const whole = end === height && right === width;
  const covered = whole
    ? x
    : slice(x, [
        { axis: 2, start: 0, end },
        { axis: 3, start: 0, end: right },
      ]);
  const sizes = Array.from({ length: block * block }, () => channels);
  const parts = awardWindows(split(spaceToDepth(covered, block), sizes, { axis: 1 }), award);
  const placed = depthToSpace(concat(parts, { axis: 1 }), block);
  return whole ? placed : pad(placed, { before: [0, 0, 0, 0], after: [0, 0, height - end, width - right] });
}

/**
 * The gradient goes to the first largest pixel of each window. Position by position in the window: the pixels there that win and were not
 * preceded by another winner take the gradient back to where they stand. Made of operations that every backend has.
 */
const maxPoolRule: Rule = context => {
  const { node } = context;
  const gradient = gradientAt(context);
  const x = inputAt(node, 0);
  const y = outputAt(node, 0);
  const { kernel, strides, pads } = readWindows(node);
  const [, , rows, columns] = imageShape(node.op, gradient);
  const [, , height, width] = imageShape(node.op, x);
  const unpadded = pads.every(size => size === 0);
  if (unpadded && kernel[0] === kernel[1] && kernel[0] === strides[0] && kernel[1] === strides[1])
    return [awardTiles(x, kernel[0], { gradient, y })];
  const padded = unpadded
    ? x
    : pad(x, { before: [0, 0, pads[0], pads[1]], after: [0, 0, pads[2], pads[3]], value: NEVER });
  const places = Array.from({ length: kernel[0] * kernel[1] }, (_, place) => [
    Math.floor(place / kernel[1]),
    place % kernel[1],
  ]) as [number, number][];
  const pixels = places.map(([i, j]) =>
    slice(padded, [
      { axis: 2, start: i, end: i + (rows - 1) * strides[0] + 1, step: strides[0] },
      { axis: 3, start: j, end: j + (columns - 1) * strides[1] + 1, step: strides[1] },
    ]),
  );
  const parts = awardWindows(pixels, { gradient, y }).map((part, place) => {
    const [i, j] = places[place]!;
    const placed = spread(spread(part, 2, strides[0]), 3, strides[1]);
    // The spread reaches strides − 1 beyond the last pixel; cropping and padding bring it to the input's size.
    const [top, left] = [i - pads[0], j - pads[1]];
    return pad(placed, {
      before: [0, 0, top, left],
      after: [0, 0, height - rows * strides[0] - top, width - columns * strides[1] - left],
    });
  });
  return [parts.reduce((total, part) => add(total, part))];
};

export const POOLING_RULES: RuleTable = {
  MaxPool: maxPoolRule,
  AveragePool: avgPoolRule,
  GlobalAveragePool: globalAvgPoolRule,
};
