import { BiolensError } from '../../../../ground/errors.ts';
import { single, type Value } from '../../graph.ts';
import { equal } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/linear.ts';
import { depthToSpace, spaceToDepth } from '../../ops/pixel-blocks.ts';
import { concat, pad, reshape, slice, transpose, unsqueeze } from '../../ops/structure.ts';
import { sizeOf } from '../../types.ts';
import { indicator } from './elementwise.ts';
import { swapLast } from './linear.ts';
import {
  constantIntegers,
  fixedShape,
  gradientAt,
  inputAt,
  intOf,
  intsOf,
  type Rule,
  type RuleTable,
  stringOf,
  sumTo,
  unaryRule,
  zeros,
} from './rule.ts';

const transposeRule: Rule = context => {
  const axes = intsOf(context.node, 'perm', []);
  return [
    transpose(
      gradientAt(context),
      axes.map((_, axis) => axes.indexOf(axis)),
    ),
  ];
};

const concatRule: Rule = context => {
  const { node, wanted } = context;
  const gradient = gradientAt(context);
  const axis = intOf(node, 'axis', 0);
  let end = 0;
  return node.inputs.map((_, i) => {
    const start = end;
    const size = fixedShape(node.op, inputAt(node, i))[axis]!;
    end += size;
    return wanted[i] === true ? slice(gradient, [{ axis, start, end }]) : null;
  });
};

const splitRule: Rule = ({ node, gradients }) => {
  const pieces = node.outputs.map((output, i) => gradients[i] ?? zeros(output.graph, fixedShape(node.op, output)));
  return [concat(pieces, { axis: intOf(node, 'axis', 0) })];
};

const padRule: Rule = context => {
  const { node } = context;
  if (stringOf(node, 'mode', 'constant') !== 'constant')
    throw new BiolensError('usage', `gradient of Pad: only constant padding has one`);
  const x = inputAt(node, 0);
  const pads = constantIntegers(node, 1);
  const rank = x.shape.length;
  const turned = (from: number) => Array.from({ length: rank }, (_, axis) => 0 - pads[from + axis]!);
  return [pad(gradientAt(context), { before: turned(0), after: turned(rank) })];
};

/** The axis in reverse order. */
export function reverse(x: Value, axis: number): Value {
  const list = (value: number) => x.graph.integers([value]);
  // The end is before the first element: a number that stays negative when the size is added.
  const inputs = [x, list(-1), list(-(2 ** 31)), list(axis), list(-1)];
  return single('Slice', inputs, { shape: x.shape, dtype: x.dtype });
}

/** Puts `step − 1` zeros behind each element of an axis. */
export function spread(x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const shape = fixedShape('Slice', x);
  const split = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
  const none = split.map(() => 0);
  const padded = pad(reshape(x, split), { before: none, after: none.with(axis + 1, step - 1) });
  return reshape(padded, shape.with(axis, shape[axis]! * step));
}

const sliceRule: Rule = context => {
  const { node } = context;
  const shape = fixedShape('Slice', inputAt(node, 0));
  const [starts, axes, steps] = [1, 3, 4].map(index => constantIntegers(node, index)) as [number[], number[], number[]];
  let gradient = gradientAt(context);
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    const step = steps[i]!;
    if (step === -1 && starts[i] === -1) {
      gradient = reverse(gradient, axis);
      continue;
    }
    if (step > 1) gradient = spread(gradient, axis, step);
    before[axis] = starts[i]!;
    const length = fixedShape('Slice', gradient)[axis]!;
    after[axis] = shape[axis]! - starts[i]! - length;
  }
  const whole = [...before, ...after].every(size => size === 0);
  return [whole ? gradient : pad(gradient, { before, after })];
};

/**
 * Adds up the gradients of the rows that were looked up, as a product with the indices' one-hot matrix: deterministic, and on every
 * backend. It costs rows × look-ups × width.
 */
const gatherRule: Rule = context => {
  const { node } = context;
  const shape = fixedShape('Gather', inputAt(node, 0));
  const indices = inputAt(node, 1);
  const axis = intOf(node, 'axis', 0);
  const count = sizeOf(fixedShape('Gather', indices));
  const rows = shape[axis]!;
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  const numbers = Array.from({ length: rows }, (_, row) => row);
  const all =
    indices.dtype === 'int64'
      ? indices.graph.constant(BigInt64Array.from(numbers, BigInt), [rows])
      : indices.graph.constant(Int32Array.from(numbers), [rows]);
  const oneHot = indicator(equal(unsqueeze(reshape(indices, [count]), [1]), all));
  const sums = matmul(swapLast(oneHot), reshape(gradientAt(context), [outer, count, inner]));
  return [reshape(sums, shape)];
};

const depthToSpaceRule: Rule = context => {
  const { node } = context;
  if (stringOf(node, 'mode', 'DCR') !== 'DCR')
    throw new BiolensError('usage', 'gradient of DepthToSpace: only the mode DCR has one');
  return [spaceToDepth(gradientAt(context), intOf(node, 'blocksize', 1))];
};

const spaceToDepthRule: Rule = context => [depthToSpace(gradientAt(context), intOf(context.node, 'blocksize', 1))];

const reshapeRule = unaryRule((gradient, x) => reshape(gradient, x.shape));

export const STRUCTURE_RULES: RuleTable = {
  Reshape: reshapeRule,
  Squeeze: reshapeRule,
  Unsqueeze: reshapeRule,
  Expand: unaryRule((gradient, x) => sumTo(gradient, x.shape)),
  Transpose: transposeRule,
  Concat: concatRule,
  Split: splitRule,
  Pad: padRule,
  Slice: sliceRule,
  Gather: gatherRule,
  DepthToSpace: depthToSpaceRule,
  SpaceToDepth: spaceToDepthRule,
};
