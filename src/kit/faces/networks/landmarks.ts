import { Graph } from '../../tensor/index.ts';
import type { Weights } from '../weights.ts';
import { denseNetwork } from './dense-features.ts';

/**
 * The landmark network. Input `face` float32 `[n, 3, 112, 112]` as in {@link denseNetwork}; output `points` float32
 * `[n, 136]`: x and y of 68 points in the order of iBUG 300-W, as shares of the square input.
 */
export function landmarksGraph(weights: Weights): Graph {
  const graph = new Graph();
  graph.output('points', denseNetwork(graph, weights));
  return graph;
}
