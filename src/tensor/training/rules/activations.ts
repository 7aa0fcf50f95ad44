import { single, type Value } from '../../graph.ts';
import { add, exp, greater, mul, neg, sub, where } from '../../ops/elementwise.ts';
import { reduceSum } from '../../ops/reduction.ts';
import { gradientAt, intOf, outputAt, type Rule, type RuleTable, unaryRule } from './rule.ts';

const erf = (x: Value): Value => single('Erf', [x], { shape: x.shape, dtype: x.dtype });

/** d/dx x·Φ(x) = Φ(x) + x·φ(x). */
function geluSlope(x: Value): Value {
  const number = (value: number) => x.graph.scalar(value);
  const cumulative = mul(add(erf(mul(x, number(Math.SQRT1_2))), number(1)), number(0.5));
  const density = mul(exp(mul(mul(x, x), number(-0.5))), number(1 / Math.sqrt(2 * Math.PI)));
  return add(cumulative, mul(x, density));
}

const softmaxRule: Rule = context => {
  const y = outputAt(context.node, 0);
  const weighted = mul(gradientAt(context), y);
  const sum = reduceSum(weighted, { axes: [intOf(context.node, 'axis', -1)], keepDims: true });
  return [sub(weighted, mul(y, sum))];
};

const logSoftmaxRule: Rule = context => {
  const gradient = gradientAt(context);
  const sum = reduceSum(gradient, { axes: [intOf(context.node, 'axis', -1)], keepDims: true });
  return [add(gradient, neg(mul(exp(outputAt(context.node, 0)), sum)))];
};

export const ACTIVATION_RULES: RuleTable = {
  Tanh: unaryRule((gradient, _, y) => mul(gradient, sub(y.graph.scalar(1), mul(y, y)))),
  Sigmoid: unaryRule((gradient, _, y) => mul(gradient, sub(y, mul(y, y)))),
  Relu: unaryRule((gradient, _, y) => where(greater(y, y.graph.scalar(0)), gradient, y.graph.scalar(0))),
  Gelu: unaryRule((gradient, x) => mul(gradient, geluSlope(x))),
  Softmax: softmaxRule,
  LogSoftmax: logSoftmaxRule,
};
