import { Graph, softmax } from '../../tensor/index.ts';
import type { Weights } from '../weights.ts';
import { denseNetwork } from './dense-features.ts';

/**
 * The expression network. Input `face` float32 `[n, 3, 112, 112]` as in {@link denseNetwork}; output `probabilities` float32
 * `[n, 7]` in the order of the contract's `EXPRESSIONS`.
 */
export function expressionGraph(weights: Weights): Graph {
  const graph = new Graph();
  graph.output('probabilities', softmax(denseNetwork(graph, weights), { axis: 1 }));
  return graph;
}
