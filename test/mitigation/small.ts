import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foldIn, openStream, type RandomKey, randomKey } from '../../src/ground/math/index.ts';
import {
  createModel,
  type DiffusionModel,
  openDenoisingTrainer,
  writeModelFolder,
} from '../../src/jobs/generators/index.ts';
import { toModel } from '../../src/jobs/mitigation/sample.ts';
import { encodePng, type Image } from '../../src/kit/images/index.ts';
import {
  avgPool2d,
  constantSchedule,
  flatten,
  Graph,
  globalAvgPool,
  matmul,
  type Runtime,
} from '../../src/kit/tensor/index.ts';

/** Side of the pictures of these tests. */
export const SIDE = 8;

/** A warm or a cold disc somewhere on a dark ground: the least that has a class, a place and a likeness. */
export function drawDisc(key: RandomKey, warm: boolean): Image {
  const stream = openStream(key);
  const [cx, cy] = [2 + 4 * stream.uniform(), 2 + 4 * stream.uniform()];
  const radius = 1.5 + 2 * stream.uniform();
  const light = 150 + 90 * stream.uniform();
  const ground = 10 + 60 * stream.uniform();
  const green = light * (0.2 + 0.6 * stream.uniform());
  const colour = warm ? [light, green, 0.2 * light] : [0.2 * light, green, light];
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const inside = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x + 0.5 - cx, y + 0.5 - cy)));
      for (let c = 0; c < 3; c++) data[3 * (y * SIDE + x) + c] = Math.round(ground + inside * (colour[c]! - ground));
    }
  return { width: SIDE, height: SIDE, data };
}

export interface DiscSet {
  readonly images: readonly Image[];
  readonly kinds: readonly ('warm' | 'cold')[];
}

/** A set of which `warm` is the share of warm discs; the last `copies` are again the first one. */
export function drawDiscs(
  n: number,
  { warm, seed, copies = 0 }: { readonly warm: number; readonly seed: number; readonly copies?: number },
): DiscSet {
  const kinds = Array.from({ length: n }, (_, i) =>
    ((i * 7919) % n) / n < warm ? ('warm' as const) : ('cold' as const),
  );
  const images = kinds.map((kind, i) => drawDisc(foldIn(randomKey(seed), i), kind === 'warm'));
  for (let i = n - copies; i < n; i++) {
    images[i] = images[0]!;
    kinds[i] = kinds[0]!;
  }
  return { images, kinds };
}

/** Writes a set as a folder with labels, and returns its path. */
export async function writeDiscs(folder: string, { images, kinds }: DiscSet): Promise<string> {
  await mkdir(folder, { recursive: true });
  const names = images.map((_, i) => `${String(i).padStart(4, '0')}.png`);
  for (const [i, image] of images.entries()) await writeFile(join(folder, names[i]!), await encodePng(image));
  await writeFile(
    join(folder, 'labels.csv'),
    ['file,kind', ...names.map((name, i) => `${name},${kinds[i]}`), ''].join('\n'),
  );
  return folder;
}

const input = (graph: Graph) => graph.input('data', ['n', 3, SIDE, SIDE]);
const card = (kind: string, output: unknown) =>
  JSON.stringify({
    name: kind,
    kind,
    alignment: 'none',
    input: { width: SIDE, height: SIDE, mean: [0, 0, 0], deviation: [1, 1, 1] },
    output,
  });

/** Writes an embedder (means of 4 × 4 cells), a classifier (warm or cold), and a reward (mean green; NaN where it is `broken`). */
export async function writeModels(
  folder: string,
): Promise<{ embedder: string; classifier: string; reward: string; broken: string }> {
  await mkdir(folder, { recursive: true });
  const write = async (stem: string, graph: Graph, text: string): Promise<string> => {
    await writeFile(join(folder, `${stem}.onnx`), graph.build());
    await writeFile(join(folder, `${stem}.json`), text);
    return join(folder, `${stem}.onnx`);
  };
  const means = (times: readonly number[], width: number): Graph => {
    const graph = new Graph();
    const weights = graph.constant(Float32Array.from(times), [3, width]);
    graph.output('out', matmul(flatten(globalAvgPool(input(graph))), weights));
    return graph;
  };
  const cells = new Graph();
  cells.output('out', flatten(avgPool2d(input(cells), { kernel: [2, 2], strides: [2, 2] })));
  return {
    embedder: await write('embedder', cells, card('embedder', { meaning: 'embedding', width: 48 })),
    classifier: await write(
      'classifier',
      means([0.1, -0.1, 0, 0, -0.1, 0.1], 2),
      card('classifier', { meaning: 'logits', attributes: { kind: ['warm', 'cold'] } }),
    ),
    reward: await write('reward', means([0, 1 / 255, 0], 1), card('embedder', { meaning: 'embedding', width: 1 })),
    broken: await write('broken', means([0, Number.NaN, 0], 1), card('embedder', { meaning: 'embedding', width: 1 })),
  };
}

/** Trains a small model on a set. */
export async function trainSmall(
  runtime: Runtime,
  { images }: DiscSet,
  { steps, channels }: { readonly steps: number; readonly channels: readonly number[] },
): Promise<DiffusionModel> {
  const model = createModel({ size: SIDE, blockChannels: channels, seed: 1 });
  const batch = 32;
  const trainer = await openDenoisingTrainer(runtime, model, {
    batch,
    learningRate: constantSchedule(2e-3),
    emaDecay: 0.99,
  });
  const all = toModel(images);
  const size = all.length / images.length;
  const key = randomKey(3);
  for (let step = 0; step < steps; step++) {
    const stream = openStream(foldIn(foldIn(key, 'batch'), step));
    const some = new Float32Array(batch * size);
    for (let i = 0; i < batch; i++) {
      const from = stream.integer(images.length) * size;
      some.set(all.subarray(from, from + size), i * size);
    }
    await trainer.step({ images: some, key });
  }
  const trained = trainer.model({ average: true });
  await trainer.close();
  return trained;
}

/** A small untrained model in a folder. */
export async function writeFreshModel(folder: string): Promise<string> {
  await writeModelFolder(folder, createModel({ size: SIDE, blockChannels: [8], attentionStages: [], seed: 1 }));
  return folder;
}
