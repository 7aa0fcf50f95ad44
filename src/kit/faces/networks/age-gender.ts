import { add, flatten, Graph, globalAvgPool, maxPool2d, relu, softmax, type Value } from '../../tensor/index.ts';
import type { Weights } from '../weights.ts';
import { CROP_SIDE } from './dense-features.ts';
import { CROP_MEAN, fullyConnected, normalise, plainConv, samePads, separableConv } from './layers.ts';

function reductionBlock(x: Value, weights: Weights, prefix: string, activate = true): Value {
  const inside = separableConv(activate ? relu(x) : x, weights, `${prefix}/separable_conv0`);
  const wide = separableConv(relu(inside), weights, `${prefix}/separable_conv1`);
  const pooled = maxPool2d(wide, { kernel: [3, 3], strides: [2, 2], pads: samePads(wide, 3, 2) });
  return add(plainConv(x, weights, `${prefix}/expansion_conv`, 2), pooled);
}

function mainBlock(x: Value, weights: Weights, prefix: string): Value {
  let inside = x;
  for (let layer = 0; layer < 3; layer++) {
    inside = separableConv(relu(inside), weights, `${prefix}/separable_conv${layer}`);
  }
  return add(inside, x);
}

/**
 * Age and gender from one small Xception (Chollet 2017).
 *
 * Input `face` float32 `[n, 3, 112, 112]`, RGB, 0…255. Outputs `age` `[n, 1]` in years and
 * `gender` `[n, 2]`: the probabilities of male and female.
 */
export function ageGenderGraph(weights: Weights): Graph {
  const graph = new Graph();
  const face = graph.input('face', ['n', 3, CROP_SIDE, CROP_SIDE]);
  let x = relu(plainConv(normalise(face, CROP_MEAN, 255), weights, 'entry_flow/conv_in', 2));
  x = reductionBlock(x, weights, 'entry_flow/reduction_block_0', false);
  x = reductionBlock(x, weights, 'entry_flow/reduction_block_1');
  for (let block = 0; block < 2; block++) x = mainBlock(x, weights, `middle_flow/main_block_${block}`);
  x = reductionBlock(x, weights, 'exit_flow/reduction_block');
  x = relu(separableConv(x, weights, 'exit_flow/separable_conv'));
  const features = flatten(globalAvgPool(x));
  graph.output('age', fullyConnected(features, weights, 'fc/age'));
  graph.output('gender', softmax(fullyConnected(features, weights, 'fc/gender'), { axis: 1 }));
  return graph;
}
