import { BiolensError } from '../../../../ground/errors.ts';
import type { GraphNode } from '../../graph.ts';
import { type ConvOptions, conv2d } from '../../ops/convolution.ts';
import { reduceSum } from '../../ops/reduction.ts';
import { formatShape } from '../../types.ts';
import { convInputGradient } from './convolution-input.ts';
import { convWeightGradient } from './convolution-weights.ts';
import { gradientAt, imageShape, inputAt, intOf, intsOf, type Rule, type RuleTable } from './rule.ts';

function readWindow(node: GraphNode): Required<ConvOptions> {
  const [top, left, bottom, right] = intsOf(node, 'pads', [0, 0, 0, 0]);
  const [down, across] = intsOf(node, 'strides', [1, 1]);
  const [dilationDown, dilationAcross] = intsOf(node, 'dilations', [1, 1]);
  const sizes = [top, left, bottom, right, down, across, dilationDown, dilationAcross];
  if (!sizes.every(size => size !== undefined) || node.attributes.auto_pad !== undefined)
    throw new BiolensError(
      'usage',
      `gradient of ${node.op}: ${formatShape(inputAt(node, 0).shape)} expected two-dimensional windows with explicit pads`,
    );
  return {
    strides: [down!, across!],
    pads: [top!, left!, bottom!, right!],
    dilations: [dilationDown!, dilationAcross!],
    groups: intOf(node, 'group', 1),
  };
}

const convRule: Rule = context => {
  const { node, wanted } = context;
  const gradient = gradientAt(context);
  const [x, w] = [inputAt(node, 0), inputAt(node, 1)];
  const window = readWindow(node);
  const [, , height, width] = imageShape(node.op, w);
  return [
    wanted[0] === true ? convInputGradient(gradient, w, { ...window, x }) : null,
    wanted[1] === true ? convWeightGradient(gradient, x, { ...window, kernel: [height, width] }) : null,
    wanted[2] === true ? reduceSum(gradient, { axes: [0, 2, 3] }) : null,
  ];
};

/** A transposed convolution is the input gradient of a convolution: its own gradients are that convolution's forward and weight ones. */
const convTransposeRule: Rule = context => {
  const { node, wanted } = context;
  const gradient = gradientAt(context);
  const [x, w] = [inputAt(node, 0), inputAt(node, 1)];
  const window = readWindow(node);
  const [, , height, width] = imageShape(node.op, w);
  return [
    wanted[0] === true ? conv2d(gradient, w, undefined, window) : null,
    wanted[1] === true ? convWeightGradient(x, gradient, { ...window, kernel: [height, width] }) : null,
    wanted[2] === true ? reduceSum(gradient, { axes: [0, 2, 3] }) : null,
  ];
};

export const CONVOLUTION_RULES: RuleTable = { Conv: convRule, ConvTranspose: convTransposeRule };
