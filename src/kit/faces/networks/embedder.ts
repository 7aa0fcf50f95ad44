import {
  add,
  avgPool2d,
  flatten,
  Graph,
  globalAvgPool,
  matmul,
  maxPool2d,
  pad,
  relu,
  type Value,
} from '../../tensor/index.ts';
import type { Weights } from '../weights.ts';
import { type ConvOptions, type ConvWeights, CROP_MEAN, conv, foldScale, normalise, turnFilters } from './layers.ts';

/** Side of the square crops that the embedder looks at. */
export const EMBEDDER_SIDE = 150;
/** Numbers in an embedding. */
export const EMBEDDING_WIDTH = 128;

/** A convolution and the per-channel scale after it, as one. */
function scaledConv(weights: Weights, prefix: string): ConvWeights {
  const part = (name: string) => weights.get(`${prefix}/${name}`, 1).data;
  const filters = turnFilters(weights.get(`${prefix}/conv/filters`, 4));
  return foldScale(
    { filters, bias: part('conv/bias') },
    { scale: part('scale/weights'), offset: part('scale/biases') },
  );
}

function residual(x: Value, weights: Weights, prefix: string): Value {
  const inside = relu(conv(x, scaledConv(weights, `${prefix}/conv1`)));
  return relu(add(conv(inside, scaledConv(weights, `${prefix}/conv2`)), x));
}

/** Halves the size, and may double the channels; the shortcut is an average pool, with zeros for the new channels. */
function residualDown(x: Value, weights: Weights, prefix: string): Value {
  const down: ConvOptions = { stride: 2, padding: 'valid' };
  const inside = relu(conv(x, scaledConv(weights, `${prefix}/conv1`), down));
  const shortcut = avgPool2d(x, { kernel: [2, 2], strides: [2, 2] });
  const out = conv(inside, scaledConv(weights, `${prefix}/conv2`));
  return relu(add(growTo(out, shortcut), growTo(shortcut, out)));
}

/** Adds zeros after the end of the axes in which a value is smaller than another. */
function growTo(x: Value, other: Value): Value {
  const after = x.shape.map((size, axis) => Math.max(0, Number(other.shape[axis]) - Number(size)) || 0);
  return after.some(end => end > 0) ? pad(x, { before: after.map(() => 0), after }) : x;
}

/**
 * The recogniser: the 29-layer residual network that dlib trains with a metric loss (after He et al. 2016).
 *
 * Input `face` float32 `[n, 3, 150, 150]`, RGB, 0…255; output `embedding` float32 `[n, 128]`.
 */
export function embedderGraph(weights: Weights): Graph {
  const graph = new Graph();
  const face = graph.input('face', ['n', 3, EMBEDDER_SIDE, EMBEDDER_SIDE]);
  const stem = relu(
    conv(normalise(face, CROP_MEAN, 255), scaledConv(weights, 'conv32_down'), { stride: 2, padding: 'valid' }),
  );
  let x = maxPool2d(stem, { kernel: [3, 3], strides: [2, 2] });
  for (const layer of ['32_1', '32_2', '32_3', '64_down', '64_1', '64_2', '64_3', '128_down', '128_1', '128_2']) {
    x = layer.endsWith('down') ? residualDown(x, weights, `conv${layer}`) : residual(x, weights, `conv${layer}`);
  }
  x = residualDown(x, weights, 'conv256_down');
  x = residual(x, weights, 'conv256_1');
  x = residual(x, weights, 'conv256_2');
  x = residualDown(x, weights, 'conv256_down_out');
  const { shape, data } = weights.get('fc', 2);
  graph.output('embedding', matmul(flatten(globalAvgPool(x)), graph.constant(data, shape)));
  return graph;
}
