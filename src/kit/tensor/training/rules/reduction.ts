import type { Value } from '../../graph.ts';
import { div, equal, mul } from '../../ops/elementwise.ts';
import { reduceSum } from '../../ops/reduction.ts';
import { expand, reshape } from '../../ops/structure.ts';
import { sizeOf } from '../../types.ts';
import { indicator } from './elementwise.ts';
import { constantIntegers, fixedShape, gradientAt, inputAt, outputAt, type Rule, type RuleTable } from './rule.ts';

interface Reduced {
  readonly x: Value;
  readonly axes: readonly number[];
  /** The reduced value or its gradient with the reduced axes back, of size 1. */
  readonly keep: (value: Value) => Value;
}

function readReduction({ node }: Parameters<Rule>[0]): Reduced {
  const x = inputAt(node, 0);
  const axes = constantIntegers(node, 1);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return { x, axes, keep: value => reshape(value, kept) };
}

const sumRule: Rule = context => {
  const { x, keep } = readReduction(context);
  return [expand(keep(gradientAt(context)), fixedShape(context.node.op, x))];
};

const meanRule: Rule = context => {
  const { x, axes, keep } = readReduction(context);
  const shape = fixedShape(context.node.op, x);
  const count = sizeOf(shape.filter((_, axis) => axes.includes(axis)));
  return [expand(mul(keep(gradientAt(context)), x.graph.scalar(1 / count)), shape)];
};

/** Values that share the extreme share its gradient evenly. */
const extremeRule: Rule = context => {
  const { x, axes, keep } = readReduction(context);
  const winners = indicator(equal(x, keep(outputAt(context.node, 0))));
  const count = reduceSum(winners, { axes, keepDims: true });
  return [mul(winners, div(keep(gradientAt(context)), count))];
};

export const REDUCTION_RULES: RuleTable = {
  ReduceSum: sumRule,
  ReduceMean: meanRule,
  ReduceMax: extremeRule,
  ReduceMin: extremeRule,
};
