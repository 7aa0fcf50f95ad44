import * as t from '../../../kit/tensor/index.ts';
import type { DiffusionModel } from '../model.ts';
import { buildUNet, timeFeatureWidth } from '../unet/network.ts';

/** Bytes of the weights' vectors that are alive at once: weights, gradient, two moments and the average, old and new, here and in the engine. */
const VECTORS = 12;
/**
 * What the engine takes beyond the tensors that are alive: the gaps of its arena, the packed copies of its products, parts of a batch side by
 * side. Measured: 556 and 854 MB with 16 and 32 images of 32 pixels and 32 channels, for which this estimates 540 and 880.
 */
const OVERHEAD = 2;
/** The process without any model. */
const BASE_BYTES = 150e6;
const BYTES = 4;

/** The operations that give the same memory another shape. */
const ALIASES = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Identity']);

/** The most numbers that are alive at a time when the nodes run in their order and each tensor is freed after its last use. */
export function peakElements(graph: t.Graph, kept: readonly t.Value[]): number {
  const owner = new Map<string, string>();
  const ownerOf = (name: string): string => owner.get(name) ?? name;
  for (const { op, inputs, outputs } of graph.nodes)
    if (ALIASES.has(op)) owner.set(outputs[0]!.name, ownerOf(inputs[0]!.name));
  const lastUse = new Map<string, number>();
  for (const [i, { inputs }] of graph.nodes.entries())
    for (const input of inputs) if (input !== null) lastUse.set(ownerOf(input.name), i);
  for (const { name } of kept) lastUse.set(ownerOf(name), graph.nodes.length);
  const dying = Map.groupBy(lastUse, ([, at]) => at);
  const sizes = new Map<string, number>();
  let alive = 0;
  let peak = 0;
  for (const [i, { op, outputs }] of graph.nodes.entries()) {
    if (!ALIASES.has(op))
      for (const { name, shape } of outputs) {
        sizes.set(name, t.sizeOf(shape.map(Number)));
        alive += sizes.get(name)!;
      }
    peak = Math.max(peak, alive);
    const unread = outputs.filter(({ name }) => !lastUse.has(ownerOf(name))).map(({ name }) => name);
    for (const name of [...(dying.get(i) ?? []).map(([dead]) => dead), ...unread]) {
      alive -= sizes.get(name) ?? 0;
      sizes.delete(name);
    }
  }
  return peak;
}

/** Bytes that a training step of a model needs at its peak on the CPU, from the tensors that are alive at once. */
export function estimateTrainingBytes({ config, parameters }: DiffusionModel, batch: number): number {
  const graph = new t.Graph();
  const image = [batch, config.inChannels, config.size, config.size];
  const values = parameters.list.map(({ name, shape }) => graph.input(name, shape));
  const prediction = buildUNet(
    { config, lookup: parameters.lookupIn(values), dropOut: null },
    {
      x: graph.input('x', image),
      time: graph.input('time', [batch, timeFeatureWidth(config)]),
      labels: config.classCount === null ? undefined : graph.input('labels', [batch], 'int64'),
    },
  );
  const loss = t.meanSquaredError(prediction, graph.input('target', image));
  const slopes = t.gradients(loss, values);
  return BASE_BYTES + BYTES * (OVERHEAD * peakElements(graph, slopes) + VECTORS * parameters.size);
}
