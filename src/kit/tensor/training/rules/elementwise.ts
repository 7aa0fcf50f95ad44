import { single, type Value } from '../../graph.ts';
import { add, cast, div, equal, exp, greater, less, log, mul, neg, pow, sub, where } from '../../ops/elementwise.ts';
import {
  gradientAt,
  inputAt,
  outputAt,
  type Rule,
  type RuleContext,
  type RuleTable,
  sumTo,
  unaryRule,
} from './rule.ts';

type Operands = { readonly gradient: Value; readonly a: Value; readonly b: Value; readonly y: Value };

/** A rule for two operands that broadcast; each side is derived only when wanted. */
function binaryRule(left: (operands: Operands) => Value, right: (operands: Operands) => Value): Rule {
  return (context: RuleContext) => {
    const { node, wanted } = context;
    const operands = { gradient: gradientAt(context), a: inputAt(node, 0), b: inputAt(node, 1), y: outputAt(node, 0) };
    return [
      wanted[0] === true ? sumTo(left(operands), operands.a.shape) : null,
      wanted[1] === true ? sumTo(right(operands), operands.b.shape) : null,
    ];
  };
}

/** 1 where the condition holds, else 0. */
export function indicator(condition: Value): Value {
  return cast(condition, 'float32');
}

/** 1 where `a` wins, ½ where both are equal. */
function shareOf(wins: Value, a: Value, b: Value): Value {
  return add(indicator(wins), mul(indicator(equal(a, b)), a.graph.scalar(0.5)));
}

const sign = (x: Value): Value => single('Sign', [x], { shape: x.shape, dtype: x.dtype });

/** Within the bounds; a left-out bound is none. */
const clipRule: Rule = context => {
  const { node } = context;
  const x = inputAt(node, 0);
  const [, min, max] = node.inputs;
  let gradient = gradientAt(context);
  const nothing = x.graph.scalar(0);
  if (min !== null && min !== undefined) gradient = where(less(x, min), nothing, gradient);
  if (max !== null && max !== undefined) gradient = where(greater(x, max), nothing, gradient);
  return [gradient];
};

const whereRule: Rule = context => {
  const gradient = gradientAt(context);
  const condition = inputAt(context.node, 0);
  const nothing = condition.graph.scalar(0);
  const side = (index: 1 | 2): Value | null => {
    if (context.wanted[index] !== true) return null;
    const chosen = index === 1 ? where(condition, gradient, nothing) : where(condition, nothing, gradient);
    return sumTo(chosen, inputAt(context.node, index).shape);
  };
  return [null, side(1), side(2)];
};

export const ELEMENTWISE_RULES: RuleTable = {
  Add: binaryRule(
    ({ gradient }) => gradient,
    ({ gradient }) => gradient,
  ),
  Sub: binaryRule(
    ({ gradient }) => gradient,
    ({ gradient }) => neg(gradient),
  ),
  Mul: binaryRule(
    ({ gradient, b }) => mul(gradient, b),
    ({ gradient, a }) => mul(gradient, a),
  ),
  Div: binaryRule(
    ({ gradient, b }) => div(gradient, b),
    ({ gradient, b, y }) => neg(div(mul(gradient, y), b)),
  ),
  Pow: binaryRule(
    ({ gradient, a, b }) => mul(gradient, mul(b, pow(a, sub(b, b.graph.scalar(1))))),
    ({ gradient, a, y }) => mul(gradient, mul(y, log(a))),
  ),
  Max: binaryRule(
    ({ gradient, a, b }) => mul(gradient, shareOf(greater(a, b), a, b)),
    ({ gradient, a, b }) => mul(gradient, shareOf(greater(b, a), b, a)),
  ),
  Min: binaryRule(
    ({ gradient, a, b }) => mul(gradient, shareOf(less(a, b), a, b)),
    ({ gradient, a, b }) => mul(gradient, shareOf(less(b, a), b, a)),
  ),
  Neg: unaryRule(gradient => neg(gradient)),
  Abs: unaryRule((gradient, x) => mul(gradient, sign(x))),
  Sign: () => [null],
  Sqrt: unaryRule((gradient, _, y) => div(gradient, mul(y, y.graph.scalar(2)))),
  Exp: unaryRule((gradient, _, y) => mul(gradient, y)),
  Log: unaryRule((gradient, x) => div(gradient, x)),
  Erf: unaryRule((gradient, x) => mul(gradient, mul(exp(neg(mul(x, x))), x.graph.scalar(2 / Math.sqrt(Math.PI))))),
  Identity: unaryRule(gradient => gradient),
  Cast: unaryRule((gradient, x) => cast(gradient, x.dtype)),
  Clip: clipRule,
  Where: whereRule,
};
