import type { Value } from '../../graph.ts';
import { add, mul, neg, pow, sub } from '../../ops/elementwise.ts';
import { reduceMean, reduceSum } from '../../ops/reduction.ts';
import { expand, reshape } from '../../ops/structure.ts';
import {
  fixedShape,
  floatOf,
  gradientAt,
  imageShape,
  inputAt,
  outputAt,
  type Rule,
  type RuleTable,
  sumTo,
} from './rule.ts';

const LAST = { axes: [-1], keepDims: true };

function isAllOnes({ graph, name }: Value): boolean {
  const constant = graph.initialisers.find(initialiser => initialiser.name === name);
  return constant?.dtype === 'float32' && constant.data.every(value => value === 1);
}

/**
 * Layer normalisation over the last axis. With x̂ the normalised row and g the gradient times the scale,
 * dx = (g − mean(g) − x̂·mean(g·x̂)) / σ. Gradients that reach the mean and the inverse deviation, as those of a gradient do, go on to x.
 */
const layerNormRule: Rule = ({ node, gradients, wanted }) => {
  const x = inputAt(node, 0);
  const scale = inputAt(node, 1);
  const [gradient = null, toMean = null, toInverse = null] = gradients;
  const [y, mean, inverse] = [outputAt(node, 0), outputAt(node, 1), outputAt(node, 2)];
  const plain = isAllOnes(scale) && node.inputs.length === 2;
  const normal = plain ? y : mul(sub(x, mean), inverse);
  const parts: Value[] = [];
  if (wanted[0] === true && gradient !== null) {
    const g = plain ? gradient : mul(gradient, scale);
    const projected = mul(normal, reduceMean(mul(g, normal), LAST));
    parts.push(mul(sub(sub(g, reduceMean(g, LAST)), projected), inverse));
  }
  if (wanted[0] === true && (toMean !== null || toInverse !== null)) {
    const shape = fixedShape(node.op, x);
    const share = x.graph.scalar(1 / shape.at(-1)!);
    // The mean is Σx/n; the inverse deviation's slope is −x̂/(n·σ²).
    if (toMean !== null) parts.push(expand(mul(toMean, share), shape));
    if (toInverse !== null) parts.push(neg(mul(normal, mul(mul(toInverse, share), mul(inverse, inverse)))));
  }
  return [
    parts.length === 0 ? null : parts.reduce((sum, part) => add(sum, part)),
    wanted[1] === true && gradient !== null ? sumTo(mul(gradient, normal), scale.shape) : null,
    wanted[2] === true && gradient !== null ? sumTo(gradient, inputAt(node, 2).shape) : null,
  ];
};

/** Batch normalisation by given statistics: y = (x − mean) / √(variance + ε) · scale + bias, one of each a channel. */
const batchNormRule: Rule = context => {
  const { node, wanted } = context;
  const gradient = gradientAt(context);
  const x = inputAt(node, 0);
  const perChannel = (value: Value) =>
    reshape(
      value,
      x.shape.map((_, axis) => (axis === 1 ? value.shape[0]! : 1)),
    );
  const [scale, mean, variance] = [inputAt(node, 1), perChannel(inputAt(node, 3)), perChannel(inputAt(node, 4))];
  const { graph } = x;
  const inverse = pow(add(variance, graph.scalar(floatOf(node, 'epsilon', 1e-5))), graph.scalar(-0.5));
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const total = (value: Value) => reduceSum(value, { axes });
  const normal = mul(sub(x, mean), inverse);
  const inner = mul(gradient, mul(perChannel(scale), inverse));
  const toVariance = () => mul(total(mul(mul(inner, normal), inverse)), graph.scalar(-0.5));
  return [
    wanted[0] === true ? inner : null,
    wanted[1] === true ? total(mul(gradient, normal)) : null,
    wanted[2] === true ? total(gradient) : null,
    wanted[3] === true ? neg(total(inner)) : null,
    wanted[4] === true ? toVariance() : null,
  ];
};

/**
 * Group normalisation as one: with x̂ the normalised values, g the gradient times the scale and means over each group,
 * dx = (g − mean(g) − x̂·mean(g·x̂)) / σ. The means come from the sums over pixels that scale and bias take anyway, so that only seven
 * operations pass over whole images.
 */
const groupNormRule: Rule = context => {
  const { node, wanted } = context;
  const [x, scale] = [inputAt(node, 0), inputAt(node, 1)];
  const [n, channels, height, width] = imageShape(node.op, x);
  const [normal, inverse] = [outputAt(node, 1), outputAt(node, 2)];
  const groups = Number(normal.shape[1]);
  const gradient = reshape(gradientAt(context), [n, channels, height * width]);
  const overPixels = (value: Value) => reduceSum(value, { axes: [2] });
  const sums = overPixels(gradient);
  const products = overPixels(mul(gradient, reshape(normal, [n, channels, height * width])));
  const toX = (): Value => {
    const size = (channels / groups) * height * width;
    const scaled = mul(inverse, x.graph.scalar(-1 / size));
    const perGroup = (value: Value) => {
      const grouped = reshape(mul(value, scale), [n, groups, channels / groups]);
      return mul(reduceSum(grouped, { axes: [2], keepDims: true }), scaled);
    };
    const slopes = mul(inverse, reshape(scale, [1, groups, channels / groups]));
    const own = reshape(mul(gradient, reshape(slopes, [n, channels, 1])), normal.shape);
    return reshape(add(own, add(mul(normal, perGroup(products)), perGroup(sums))), x.shape);
  };
  return [
    wanted[0] === true ? toX() : null,
    wanted[1] === true ? reduceSum(products, { axes: [0] }) : null,
    wanted[2] === true ? reduceSum(sums, { axes: [0] }) : null,
  ];
};

export const NORMALISATION_RULES: RuleTable = {
  GroupNormalization: groupNormRule,
  LayerNormalization: layerNormRule,
  BatchNormalization: batchNormRule,
};
