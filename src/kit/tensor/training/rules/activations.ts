import type { Value } from '../../graph.ts';
import { add, erf, exp, greater, mul, neg, sigmoid, sub, tanh, where } from '../../ops/elementwise.ts';
import { reduceSum } from '../../ops/reduction.ts';
import {
  floatOf,
  gradientAt,
  inputAt,
  intOf,
  outputAt,
  type Rule,
  type RuleTable,
  stringOf,
  unaryRule,
} from './rule.ts';

/** d/dx x·Φ(x) = Φ(x) + x·φ(x). */
function geluSlope(x: Value): Value {
  const number = (value: number) => x.graph.scalar(value);
  const cumulative = mul(add(erf(mul(x, number(Math.SQRT1_2))), number(1)), number(0.5));
  const density = mul(exp(mul(mul(x, x), number(-0.5))), number(1 / Math.sqrt(2 * Math.PI)));
  return add(cumulative, mul(x, density));
}

/** d/dx x·s(x) = s·(1 + x·(1 − s)·u′) of s = (1 + tanh(u / 2)) / 2 with u = 2·√(2/π)·(x + 0.044715·x³). */
function geluTanhSlope(x: Value): Value {
  const number = (value: number) => x.graph.scalar(value);
  const square = mul(x, x);
  const rate = Math.sqrt(2 / Math.PI);
  const inner = mul(mul(x, add(mul(square, number(0.044715)), number(1))), number(rate));
  const share = mul(add(tanh(inner), number(1)), number(0.5));
  const steepness = mul(x, add(mul(square, number(6 * 0.044715 * rate)), number(2 * rate)));
  return mul(share, add(mul(steepness, sub(number(1), share)), number(1)));
}

const geluRule: Rule = context => {
  const x = inputAt(context.node, 0);
  const slope = stringOf(context.node, 'approximate', 'none') === 'tanh' ? geluTanhSlope(x) : geluSlope(x);
  return [mul(gradientAt(context), slope)];
};

const leakyReluRule: Rule = context => {
  const gradient = gradientAt(context);
  const { graph } = gradient;
  const steep = greater(inputAt(context.node, 0), graph.scalar(0));
  return [where(steep, gradient, mul(gradient, graph.scalar(floatOf(context.node, 'alpha', 0.01))))];
};

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

/** d/dx x·σ(x) = σ(x)·(1 + x − x·σ(x)). */
const siluRule: Rule = context => {
  const [x, y, share] = [inputAt(context.node, 0), outputAt(context.node, 0), outputAt(context.node, 1)];
  return [mul(gradientAt(context), mul(share, add(sub(x, y), x.graph.scalar(1))))];
};

export const ACTIVATION_RULES: RuleTable = {
  Tanh: unaryRule((gradient, _, y) => mul(gradient, sub(y.graph.scalar(1), mul(y, y)))),
  Sigmoid: unaryRule((gradient, _, y) => mul(gradient, sub(y, mul(y, y)))),
  Relu: unaryRule((gradient, _, y) => where(greater(y, y.graph.scalar(0)), gradient, y.graph.scalar(0))),
  LeakyRelu: leakyReluRule,
  Softplus: unaryRule((gradient, x) => mul(gradient, sigmoid(x))),
  Gelu: geluRule,
  Silu: siluRule,
  Softmax: softmaxRule,
  LogSoftmax: logSoftmaxRule,
};
