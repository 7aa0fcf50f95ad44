import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  add,
  type Dim,
  flatten,
  Graph,
  globalAvgPool,
  matmul,
  reshape,
  type Value,
} from '../../src/kit/tensor/index.ts';

/** A folder that is gone when its scope ends. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'biolens-faces-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A model that gives the mean of each channel of its input, so that what it is fed can be told from what it gives. */
export function channelMeans(
  options: { side?: number; batch?: Dim; layout?: 'nchw' | 'nhwc'; times?: readonly number[] } = {},
): Graph {
  const { side = 8, batch = 'n', layout = 'nchw', times } = options;
  const graph = new Graph();
  const shape = layout === 'nchw' ? [batch, 3, side, side] : [batch, side, side, 3];
  const input = graph.input('data', shape);
  let means: Value = layout === 'nchw' ? flatten(globalAvgPool(input)) : channelsLastMeans(input, side);
  if (times !== undefined) means = matmul(means, graph.constant(Float32Array.from(times), [3, times.length / 3]));
  graph.output('means', means);
  return graph;
}

function channelsLastMeans(input: Value, side: number): Value {
  const pixels = reshape(input, [input.shape[0]!, side * side, 3]);
  const weights = input.graph.constant(new Float32Array(side * side).fill(1 / (side * side)), [1, side * side]);
  return reshape(matmul(weights, pixels), [input.shape[0]!, 3]);
}

/** A detector that always gives the boxes and scores it was made with, if it is fed at all. */
export function fixedBoxes(boxes: readonly number[], scores: readonly number[], side = 8): Graph {
  const graph = new Graph();
  const input = graph.input('data', [1, 3, side, side]);
  // Nothing of the image is used but that it is there.
  const nothing = matmul(flatten(globalAvgPool(input)), graph.constant(new Float32Array(3), [3, 1]));
  const fixed = (values: readonly number[]) =>
    add(nothing, graph.constant(Float32Array.from(values), [1, values.length]));
  graph.output('boxes', reshape(fixed(boxes), [boxes.length / 4, 4]));
  graph.output('scores', reshape(fixed(scores), [scores.length]));
  return graph;
}

/** Fields of a card that differ from a plain embedder's; `input` is merged, `output` replaced. */
export interface CardChanges {
  readonly [field: string]: unknown;
  readonly input?: Readonly<Record<string, unknown>>;
}

/** A card for {@link channelMeans}. */
export function cardFor(changes: CardChanges = {}): Record<string, unknown> {
  return {
    name: 'means',
    kind: 'embedder',
    alignment: 'none',
    output: { meaning: 'embedding', width: 3 },
    ...changes,
    input: { width: 8, height: 8, mean: [0, 0, 0], deviation: [1, 1, 1], ...changes.input },
  };
}

/** Writes a model and its card side by side; returns the model's path. */
export async function writeModel(folder: string, graph: Graph, card: unknown, stem = 'model'): Promise<string> {
  const path = join(folder, `${stem}.onnx`);
  await writeFile(path, graph.build());
  await writeFile(join(folder, `${stem}.json`), typeof card === 'string' ? card : JSON.stringify(card));
  return path;
}
