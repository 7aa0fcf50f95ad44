import type { GraphNode, Value } from '../../graph.ts';
import { convTranspose2d } from '../../ops/convolution.ts';
import { add, equal, mul, sub } from '../../ops/elementwise.ts';
import { expand, pad, reshape, resize, slice } from '../../ops/structure.ts';
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

/**
 * The gradient goes to the first largest pixel of each window. Position by position in the window: the pixels there that win and were not
 * preceded by another winner take the gradient back to where they stand. Made of operations that every backend has.
 */
const maxPoolRule: Rule = context => {
  const { node } = context;
  const gradient = gradientAt(context);
  const x = inputAt(node, 0);
  const y = outputAt(node, 0);
  const { graph } = x;
  const { kernel, strides, pads } = readWindows(node);
  const [, , rows, columns] = imageShape(node.op, gradient);
  const [, , height, width] = imageShape(node.op, x);
  const padded = pads.every(size => size === 0)
    ? x
    : pad(x, { before: [0, 0, pads[0], pads[1]], after: [0, 0, pads[2], pads[3]], value: NEVER });
  let free: Value | null = null;
  let total: Value | null = null;
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      const pixels = slice(padded, [
        { axis: 2, start: i, end: i + (rows - 1) * strides[0] + 1, step: strides[0] },
        { axis: 3, start: j, end: j + (columns - 1) * strides[1] + 1, step: strides[1] },
      ]);
      const wins: Value = free === null ? indicator(equal(pixels, y)) : mul(indicator(equal(pixels, y)), free);
      free = free === null ? sub(graph.scalar(1), wins) : sub(free, wins);
      const placed = spread(spread(mul(gradient, wins), 2, strides[0]), 3, strides[1]);
      // The spread reaches strides − 1 beyond the last pixel; cropping and padding bring it to the input's size.
      const [top, left] = [i - pads[0], j - pads[1]];
      const part = pad(placed, {
        before: [0, 0, top, left],
        after: [0, 0, height - rows * strides[0] - top, width - columns * strides[1] - left],
      });
      total = total === null ? part : add(total, part);
    }
  }
  return [total];
};

export const POOLING_RULES: RuleTable = {
  MaxPool: maxPoolRule,
  AveragePool: avgPoolRule,
  GlobalAveragePool: globalAvgPoolRule,
};
