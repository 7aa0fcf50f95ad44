import { clip, concat, Graph, reshape, transpose, type Value } from '../../tensor/index.ts';
import type { Weights, WeightTensor } from '../weights.ts';
import { type ConvWeights, conv, foldScale, normalise, turnDepthwiseFilters, turnFilters } from './layers.ts';

/** Side of the square image that the detector looks at. */
export const DETECTOR_SIDE = 512;

const BATCH_NORM_EPSILON = 0.0010000000474974513;
const STRIDED_BLOCKS: readonly number[] = [2, 4, 6, 12];
/** Values a prior box has in the output: four of its encoded box, then the logit of its being a face. */
export const PRIOR_VALUES = 5;

function pointwise(x: Value, weights: Weights, prefix: string, stride = 1): Value {
  const filters = turnFilters(weights.get(`${prefix}_pointwise/weights`, 4));
  const bias = weights.get(`${prefix}_pointwise/convolution_bn_offset`, 1).data;
  return clip(conv(x, { filters, bias }, { stride }), { min: 0, max: 6 });
}

function depthwise(x: Value, weights: Weights, prefix: string, stride: number): Value {
  const filters = turnDepthwiseFilters(weights.get(`${prefix}/depthwise_weights`, 4));
  const norm = (name: string) => weights.get(`${prefix}/BatchNorm/${name}`, 1).data;
  const [mean, variance, beta] = [norm('moving_mean'), norm('moving_variance'), norm('beta')];
  const scale = norm('gamma').map((gamma, i) => gamma / Math.sqrt(variance[i]! + BATCH_NORM_EPSILON));
  const offset = beta.map((value, i) => value - mean[i]! * scale[i]!);
  const folded = foldScale({ filters }, { scale, offset });
  return clip(conv(x, folded, { stride, groups: scale.length }), { min: 0, max: 6 });
}

/**
 * The two predictors of a feature map as one convolution: for each prior the four box values and the logit of class 1 of
 * `[background, face, unused]`.
 */
function predictorWeights(weights: Weights, level: number): ConvWeights {
  const prefix = `Prediction/BoxPredictor_${level}`;
  const part = (name: string) => ({
    filters: turnFilters(weights.get(`${prefix}/${name}/weights`, 4)),
    bias: weights.get(`${prefix}/${name}/biases`, 1).data,
  });
  const [box, classes] = [part('BoxEncodingPredictor'), part('ClassPredictor')];
  const priors = box.bias.length / 4;
  const channels = box.filters.shape[1]!;
  const filters = new Float32Array(priors * PRIOR_VALUES * channels);
  const bias = new Float32Array(priors * PRIOR_VALUES);
  const copyRow = (to: number, from: { filters: WeightTensor; bias: Float32Array }, row: number) => {
    filters.set(from.filters.data.subarray(row * channels, (row + 1) * channels), to * channels);
    bias[to] = from.bias[row]!;
  };
  for (let prior = 0; prior < priors; prior++) {
    for (let k = 0; k < 4; k++) copyRow(prior * PRIOR_VALUES + k, box, prior * 4 + k);
    copyRow(prior * PRIOR_VALUES + 4, classes, prior * 3 + 1);
  }
  return { filters: { shape: [priors * PRIOR_VALUES, channels, 1, 1], data: filters }, bias };
}

function predict(x: Value, weights: Weights, level: number): Value {
  const raw = conv(x, predictorWeights(weights, level));
  const n = raw.shape[0]!;
  const [channels, height, width] = raw.shape.slice(1).map(Number) as [number, number, number];
  const cells = height * width;
  const lastAxis = transpose(reshape(raw, [n, channels, cells]), [0, 2, 1]);
  return reshape(lastAxis, [n, (cells * channels) / PRIOR_VALUES, PRIOR_VALUES]);
}

/**
 * The face detector: SSD (Liu et al. 2016) on MobileNet v1 (Howard et al. 2017).
 *
 * Input `image` float32 `[n, 3, 512, 512]`, RGB, 0…255. Output `priors` float32 `[n, 5118, 5]`: the encoded box of each prior
 * (centre y, centre x, height, width) and the logit of its being a face.
 */
export function detectorGraph(weights: Weights): Graph {
  const graph = new Graph();
  const image = graph.input('image', ['n', 3, DETECTOR_SIDE, DETECTOR_SIDE]);
  let x = pointwise(normalise(image, [127.5, 127.5, 127.5], 127.5), weights, 'MobilenetV1/Conv2d_0', 2);
  let middle = x;
  for (let block = 1; block <= 13; block++) {
    const prefix = `MobilenetV1/Conv2d_${block}`;
    x = depthwise(x, weights, `${prefix}_depthwise`, STRIDED_BLOCKS.includes(block) ? 2 : 1);
    x = pointwise(x, weights, prefix);
    if (block === 11) middle = x;
  }
  const levels = [middle, x];
  for (let layer = 0; layer < 8; layer++) {
    const down = layer % 2 === 1;
    x = pointwise(x, weights, `Prediction/Conv2d_${layer}`, down ? 2 : 1);
    if (down) levels.push(x);
  }
  const priors = concat(
    levels.map((level, i) => predict(level, weights, i)),
    { axis: 1 },
  );
  graph.output('priors', priors);
  return graph;
}
