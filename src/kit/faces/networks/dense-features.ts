import { add, flatten, type Graph, globalAvgPool, relu, type Value } from '../../tensor/index.ts';
import type { Weights } from '../weights.ts';
import { CROP_MEAN, fullyConnected, normalise, plainConv, separableConv } from './layers.ts';

/** Side of the square crops that the landmark, expression, age and gender networks look at. */
export const CROP_SIDE = 112;

/** Four separable convolutions, each fed with the sum of all before it; the first halves the size. */
function denseBlock(x: Value, weights: Weights, block: number): Value {
  const prefix = `dense${block}`;
  const first =
    block === 0 ? plainConv(x, weights, `${prefix}/conv0`, 2) : separableConv(x, weights, `${prefix}/conv0`, 2);
  let sum = relu(first);
  let input = sum;
  for (let layer = 1; layer < 4; layer++) {
    sum = add(sum, separableConv(input, weights, `${prefix}/conv${layer}`));
    input = relu(sum);
  }
  return input;
}

/**
 * The network that landmarks and expressions share: four dense blocks, then one linear layer.
 *
 * Input `face` float32 `[n, 3, 112, 112]`, RGB, 0…255; the value returned is `[n, outputs]`.
 */
export function denseNetwork(graph: Graph, weights: Weights): Value {
  const face = graph.input('face', ['n', 3, CROP_SIDE, CROP_SIDE]);
  let x = normalise(face, CROP_MEAN, 255);
  for (let block = 0; block < 4; block++) x = denseBlock(x, weights, block);
  return fullyConnected(flatten(globalAvgPool(x)), weights, 'fc');
}
