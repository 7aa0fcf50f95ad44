import * as t from '../../../src/kit/tensor/index.ts';
import type { Operand } from './central-differences.ts';

type Values = Readonly<Record<string, t.Value>>;
/** A function of operands whose gradient is compared with its differences. */
export interface Case {
  readonly operands: Readonly<Record<string, Operand>>;
  readonly build: (values: Values, graph: t.Graph) => t.Value;
}

const of = (shape: readonly number[], draw: Operand['draw'] = 'normal'): Operand => ({ shape, draw });
const one = (build: (x: t.Value, graph: t.Graph) => t.Value, x: Operand = of([2, 3, 4])): Case => ({
  operands: { x },
  build: (values, graph) => build(values.x!, graph),
});
const two = (build: (a: t.Value, b: t.Value) => t.Value, a: Operand, b: Operand): Case => ({
  operands: { a, b },
  build: values => build(values.a!, values.b!),
});
const conv = (x: readonly number[], w: readonly number[], options: t.ConvOptions = {}): Case => ({
  operands: { x: of(x), w: of(w), b: of([w[0]!]) },
  build: ({ x, w, b }) => t.conv2d(x!, w!, b!, options),
});
const convTranspose = (x: readonly number[], w: readonly number[], options: t.ConvTransposeOptions = {}): Case => ({
  operands: { x: of(x), w: of(w), b: of([w[1]! * (options.groups ?? 1)]) },
  build: ({ x, w, b }) => t.convTranspose2d(x!, w!, b!, options),
});
const image = of([2, 2, 4, 4], 'distinct');
const lstmWeights = { input: of([12, 2]), hidden: of([12, 3]), bias: of([12]) };
type LstmValues = Readonly<Record<'input' | 'hidden' | 'bias', t.Value>>;

/** Every operation that has a gradient, in the forms that its rule tells apart. */
export const CASES: Readonly<Record<string, Case>> = {
  add: two(t.add, of([2, 3]), of([3])),
  sub: two(t.sub, of([2, 1, 3]), of([4, 1])),
  mul: two(t.mul, of([2, 3]), of([2, 1])),
  div: two(t.div, of([2, 3]), of([3], 'positive')),
  pow: two(t.pow, of([2, 3], 'positive'), of([3], 'positive')),
  'pow, squares of negative numbers': one((x, g) => t.pow(x, g.scalar(2))),
  maximum: two(t.maximum, of([2, 4], 'distinct'), of([1, 4], 'distinct')),
  minimum: two(t.minimum, of([3, 3], 'distinct'), of([4, 1, 1], 'distinct')),
  neg: one(t.neg),
  abs: one(t.abs, of([10], 'distinct')),
  sqrt: one(t.sqrt, of([6], 'positive')),
  exp: one(t.exp),
  log: one(t.log, of([6], 'positive')),
  erf: one(t.erf),
  clip: one(x => t.clip(x, { min: -0.8, max: 1 }), of([20], 'distinct')),
  where: two((a, b) => t.where(t.greater(a, a.graph.scalar(0)), a, b), of([4, 5], 'distinct'), of([5])),
  'cast there and back': one(x => t.mul(t.cast(x, 'float32'), x)),
  tanh: one(t.tanh),
  sigmoid: one(t.sigmoid),
  relu: one(t.relu, of([20], 'distinct')),
  leakyRelu: one(x => t.leakyRelu(x), of([20], 'distinct')),
  softplus: one(t.softplus),
  gelu: one(x => t.gelu(x)),
  'gelu, by tanh': one(x => t.gelu(x, { approximate: 'tanh' })),
  silu: one(t.silu),
  softmax: one(x => t.softmax(x)),
  'softmax, inner axis': one(x => t.softmax(x, { axis: 1 })),
  logSoftmax: one(x => t.logSoftmax(x)),
  'logSoftmax, inner axis': one(x => t.logSoftmax(x, { axis: 0 })),
  matmul: two(t.matmul, of([3, 4]), of([4, 2])),
  'matmul, rows by a matrix': two(t.matmul, of([2, 3, 4]), of([4, 2])),
  'matmul, a matrix by batches': two(t.matmul, of([3, 4]), of([2, 4, 2])),
  'matmul, broadcast': two(t.matmul, of([2, 1, 3, 2]), of([3, 2, 2])),
  reduceSum: one(x => t.reduceSum(x, { axes: [0, -1] })),
  reduceMean: one(x => t.reduceMean(x, { axes: [1], keepDims: true })),
  'reduceMean of all': one(x => t.reduceMean(x)),
  reduceMax: one(x => t.reduceMax(x, { axes: [1] }), of([3, 4], 'distinct')),
  reduceMin: one(x => t.reduceMin(x), of([3, 4], 'distinct')),
  reshape: one(x => t.reshape(x, [4, 6])),
  'squeeze and unsqueeze': one(x => t.squeeze(t.unsqueeze(x, [0, 2]), [0])),
  expand: one(x => t.expand(x, [2, 3, 4]), of([3, 1])),
  transpose: one(x => t.transpose(x, [2, 0, 1])),
  concat: two((a, b) => t.concat([a, b, a], { axis: 1 }), of([2, 3]), of([2, 2])),
  split: one(x => {
    const [a, , c] = t.split(x, [1, 1, 2], { axis: -1 });
    return t.mul(c!, a!);
  }),
  slice: one(
    x =>
      t.slice(x, [
        { axis: 0, start: 1, end: 5, step: 2 },
        { axis: 1, start: 0, end: 6, step: 4 },
        { axis: -1, start: 1, end: 2 },
      ]),
    of([6, 6, 3]),
  ),
  'pad and crop': one(x => t.pad(x, { before: [1, -1, 0], after: [0, 2, -2], value: 3 })),
  gather: one((x, g) => t.gather(x, g.constant(BigInt64Array.of(2n, 0n, 2n, 1n), [2, 2]), { axis: 0 }), of([4, 3])),
  'gather, inner axis': one((x, g) => t.gather(x, g.constant(Int32Array.of(2, 2, 0), [3]), { axis: 1 })),
  resize: one(x => t.resize(x, { height: 8, width: 6, mode: 'nearest' }), of([2, 2, 4, 3])),
  'resize, nearest to an odd size': one(x => t.resize(x, { height: 7, width: 2, mode: 'nearest' }), of([1, 2, 3, 4])),
  'resize, linear up': one(x => t.resize(x, { height: 7, width: 8, mode: 'linear' }), of([1, 2, 3, 4])),
  'resize, linear down': one(x => t.resize(x, { height: 2, width: 3, mode: 'linear' }), of([1, 2, 5, 7])),
  'conv2d 3×3': conv([2, 3, 4, 5], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }),
  'conv2d 3×3, stride 2': conv([2, 2, 6, 6], [3, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  'conv2d 3×3, stride 2, padded at the end': conv([1, 2, 5, 6], [3, 2, 3, 3], { strides: [2, 2], pads: [0, 0, 1, 1] }),
  'conv2d 1×1': conv([2, 3, 3, 2], [4, 3, 1, 1]),
  'conv2d 1×1, stride 2': conv([2, 3, 4, 5], [2, 3, 1, 1], { strides: [2, 2] }),
  'conv2d 3×3, many channels in': conv([1, 32, 3, 3], [2, 32, 3, 3], { pads: [1, 1, 1, 1] }),
  'conv2d 3×3, many channels out': conv([1, 2, 3, 4], [32, 2, 3, 3], { pads: [1, 1, 1, 1] }),
  'conv2d 5×5 without padding': conv([2, 1, 7, 6], [2, 1, 5, 5]),
  'conv2d, unlike sides and pads': conv([1, 2, 5, 7], [2, 2, 2, 3], { strides: [2, 1], pads: [0, 1, 1, 0] }),
  'conv2d, dilated': conv([1, 2, 6, 7], [2, 2, 2, 3], { dilations: [3, 2], pads: [1, 2, 0, 1] }),
  'conv2d, two groups': conv([2, 4, 4, 4], [6, 2, 3, 3], { groups: 2, pads: [1, 1, 1, 1] }),
  'conv2d, depthwise, stride 2': conv([1, 3, 5, 5], [3, 1, 3, 3], { groups: 3, strides: [2, 2], pads: [1, 1, 1, 1] }),
  'conv2d, more padding than the kernel reaches': conv([1, 2, 3, 3], [2, 2, 2, 2], { pads: [2, 1, 2, 1] }),
  'conv2d over a single pixel': conv([2, 2, 1, 1], [2, 2, 3, 3], { pads: [1, 1, 1, 1] }),
  'conv2d, many channels, stride 2': conv([1, 32, 2, 2], [1, 32, 2, 2], { strides: [2, 2] }),
  depthToSpace: one(x => t.depthToSpace(x, 2), of([1, 8, 2, 3])),
  spaceToDepth: one(x => t.spaceToDepth(x, 2), of([2, 2, 4, 2])),
  upsampleConv2d: {
    operands: { x: of([2, 3, 3, 4]), w: of([2, 3, 3, 3]), b: of([2]) },
    build: ({ x, w, b }) => t.upsampleConv2d(x!, w!, b!),
  },
  convTranspose2d: convTranspose([1, 3, 3, 4], [3, 2, 3, 3], {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    outputPadding: [1, 1],
  }),
  'convTranspose2d, groups and dilation': convTranspose([1, 4, 3, 3], [4, 1, 2, 2], { groups: 2, dilations: [2, 1] }),
  maxPool2d: one(x => t.maxPool2d(x, { kernel: [2, 2], strides: [2, 2] }), image),
  'maxPool2d, overlapping and padded': one(
    x => t.maxPool2d(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    of([1, 2, 5, 6], 'distinct'),
  ),
  'maxPool2d, leaving a border': one(
    x => t.maxPool2d(x, { kernel: [2, 2], strides: [2, 2] }),
    of([1, 1, 5, 5], 'distinct'),
  ),
  avgPool2d: one(x => t.avgPool2d(x, { kernel: [2, 2], strides: [2, 2] }), image),
  'avgPool2d, overlapping and padded': one(
    x => t.avgPool2d(x, { kernel: [3, 2], strides: [2, 1], pads: [1, 1, 1, 0] }),
    of([2, 2, 5, 4]),
  ),
  'avgPool2d, padding counted': one(
    x => t.avgPool2d(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], countPadding: true }),
    of([1, 2, 5, 4]),
  ),
  globalAvgPool: one(t.globalAvgPool, image),
  layerNorm: {
    operands: { x: of([2, 3, 5]), scale: of([5]), bias: of([5]) },
    build: ({ x, scale, bias }) => t.layerNorm(x!, { scale: scale!, bias: bias! }),
  },
  groupNorm: {
    operands: { x: of([2, 4, 2, 3]), scale: of([4]), bias: of([4]) },
    build: ({ x, scale, bias }) => t.groupNorm(x!, { groups: 2, scale: scale!, bias: bias! }),
  },
  batchNorm: {
    operands: { x: of([2, 3, 2, 2]), scale: of([3]), bias: of([3]), mean: of([3]), variance: of([3], 'positive') },
    build: ({ x, scale, bias, mean, variance }) =>
      t.batchNorm(x!, { scale: scale!, bias: bias!, mean: mean!, variance: variance!, epsilon: 1e-3 }),
  },
  batchNormTraining: {
    operands: { x: of([3, 2, 2, 2]), scale: of([2]), bias: of([2]) },
    build: ({ x, scale, bias }) => {
      const { value, mean, variance } = t.batchNormTraining(x!, { scale: scale!, bias: bias! });
      return t.mul(value, t.reshape(t.add(mean, variance), [1, 2, 1, 1]));
    },
  },
  attention: {
    operands: { q: of([2, 3, 4]), k: of([2, 5, 4]), v: of([2, 5, 2]) },
    build: ({ q, k, v }) => t.attention(q!, k!, v!),
  },
  dropout: one((x, g) =>
    t.dropout(
      x,
      t.greater(
        g.constant(
          Float32Array.from({ length: 24 }, (_, i) => (i % 3) - 0.5),
          [2, 3, 4],
        ),
        g.scalar(0),
      ),
      { rate: 0.25 },
    ),
  ),
  meanSquaredError: {
    operands: { predicted: of([3, 2, 2]), target: of([3, 2, 2]), weights: of([3]) },
    build: ({ predicted, target, weights }) => t.meanSquaredError(predicted!, target!, { sampleWeights: weights! }),
  },
  crossEntropy: {
    operands: { logits: of([3, 4]), weights: of([3]) },
    build: ({ logits, weights }, g) =>
      t.crossEntropy(logits!, g.constant(BigInt64Array.of(3n, 0n, 1n), [3]), { sampleWeights: weights! }),
  },
  'a gradient of a gradient': {
    operands: { x: of([2, 2, 4, 4]), w: of([3, 2, 3, 3]), scale: of([3]), v: of([1, 3, 1, 1]) },
    build: ({ x, w, scale, v }, g) => {
      const h = t.conv2d(x!, w!, undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
      const normal = t.groupNorm(h, { groups: 1, scale: scale!, bias: g.constant(new Float32Array(3), [3]) });
      const score = t.reduceSum(
        t.mul(
          t.silu(t.conv2d(normal, t.concat([w!, scale4(scale!)], { axis: 1 }), undefined, { pads: [1, 1, 1, 1] })),
          v!,
        ),
      );
      const [slope] = t.gradients(score, [x!]);
      return t.reduceMean(t.mul(slope!, slope!), { axes: [1, 2, 3] });
    },
  },
};

/** A third input channel for the second convolution, made of the scale. */
function scale4(scale: t.Value): t.Value {
  return t.expand(t.reshape(scale, [3, 1, 1, 1]), [3, 1, 3, 3]);
}

/** Operations whose gradient is a loop, which has no gradient itself. */
export const FIRST_ORDER_CASES: Readonly<Record<string, Case>> = {
  lstm: {
    operands: { x: of([4, 2, 2]), ...lstmWeights },
    build: ({ x, ...weights }) => t.lstm(x!, weights as LstmValues).output,
  },
  'lstm from a state, of which the ends are used too': {
    operands: { x: of([3, 2, 2]), h: of([2, 3]), c: of([2, 3]), ...lstmWeights },
    build: ({ x, h, c, ...weights }) => {
      const { output, end } = t.lstm(x!, weights as LstmValues, { start: { h: h!, c: c! } });
      return t.concat([t.lastStep(output), end.c, t.mul(end.h, end.c)], { axis: 0 });
    },
  },
  'lstm of one step': {
    operands: { x: of([1, 2, 2]), h: of([2, 3]), c: of([2, 3]), ...lstmWeights },
    build: ({ x, h, c, ...weights }) => t.lstm(x!, weights as LstmValues, { start: { h: h!, c: c! } }).end.c,
  },
  'two layers of lstm': {
    operands: { x: of([3, 2, 2]), ...lstmWeights, second: of([12, 3]) },
    build: ({ x, second, ...weights }) => {
      const first = t.lstm(x!, weights as LstmValues).output;
      return t.lstm(first, { ...(weights as LstmValues), input: second! }).output;
    },
  },
};
