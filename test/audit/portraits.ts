import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Replication } from '../../src/ground/contracts/index.ts';
import { foldIn, type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import type { EmbeddedSets } from '../../src/jobs/audit/embedded-sets.ts';
import { enginePairwise, type Pairwise } from '../../src/jobs/audit/pairwise.ts';
import { measureReplication } from '../../src/jobs/audit/replication.ts';
import { stackRows, takeRows } from '../../src/jobs/audit/rows.ts';
import { openFaceAnalyser } from '../../src/kit/faces/index.ts';
import { type Alteration, alterImage, decodeImage, type Image, listImages } from '../../src/kit/images/index.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { finish } from './simulated-sets.ts';

const folder = resolve(import.meta.dirname, '../../../shared/data/congress/images');

/** Whether the 490 portraits are there, one a person. */
export const havePortraits = existsSync(folder);
export const portraitKey = randomKey(2011);

/** What happens to copies; the promise names these six. */
const ALTERATIONS: readonly Alteration[] = [
  { jpegQuality: 30 },
  { crop: 0.05 },
  { mirror: true },
  { brightness: 1.25 },
  { blur: 1.2 },
  { rotate: 5 },
];
const WIDTH = 128;

export interface Portraits {
  readonly faces: Matrix;
  /** All row numbers of `faces`, in random order. */
  readonly order: readonly number[];
  /** Row i is an altered copy of portrait `order[i]`. */
  readonly copies: Matrix;
}

/** Embeds the first `count` portraits of a random order, or all, and altered copies of the first `copies`. */
export async function embedPortraits(copies: number, count?: number): Promise<Portraits> {
  const all: string[] = [];
  for await (const { path } of listImages(folder)) all.push(path);
  const stream = openStream(foldIn(portraitKey, 'order'));
  const drawn = [...stream.sampleWithoutReplacement(all.length, all.length)].slice(0, count);
  const rows = drawn.toSorted((a, b) => a - b);
  const files = rows.map(row => all[row]!);
  const order = drawn.map(row => rows.indexOf(row));
  await using analyser = await openFaceAnalyser();
  const embedAll = async (images: readonly (() => Promise<Image>)[]): Promise<Matrix> => {
    const data = new Float32Array(images.length * WIDTH);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < images.length; i = next++) {
        const [found] = await analyser.embed([await images[i]!()], { noFace: 'whole' });
        data.set(found?.embedding ?? [], i * WIDTH);
      }
    };
    await Promise.all(Array.from({ length: analyser.concurrency }, worker));
    return { rows: images.length, cols: WIDTH, data };
  };
  const faces = await embedAll(files.map(path => () => decodeImage(path)));
  const altered = order
    .slice(0, copies)
    .map(
      (portrait, i) => async () =>
        alterImage(await decodeImage(files[portrait] ?? ''), ALTERATIONS[i % ALTERATIONS.length] ?? {}),
    );
  return { faces, order, copies: await embedAll(altered) };
}

/** Sets of the portraits of these numbers. */
export function setsOf(
  { faces }: Portraits,
  split: Readonly<Record<'training' | 'generated' | 'heldout', readonly number[]>>,
): EmbeddedSets {
  const { training, generated, heldout } = split;
  return {
    training: { rows: sourceOf(takeRows(faces, training)), id: row => `real ${training[row]}` },
    generated: { rows: takeRows(faces, generated), id: row => `real ${generated[row]}` },
    heldout: heldout.length === 0 ? null : { rows: takeRows(faces, heldout), id: row => `real ${heldout[row]}` },
  };
}

export async function replicationOf(sets: EmbeddedSets, seed: number, pairwise: Pairwise): Promise<Replication> {
  const options = { pairwise, key: foldIn(portraitKey, seed), embedder: 'built-in', permutations: 99 };
  return (await finish(measureReplication(sets, options))).result;
}

export interface PlantedSizes {
  readonly training: number;
  /** Beside the copies. */
  readonly generated: number;
  readonly copies: number;
  readonly heldout: number;
}

/** Finds planted copies among the portraits. @returns how many calls are right, and how many there are */
export async function findPlanted(
  portraits: Portraits,
  sizes: PlantedSizes,
): Promise<{ found: number; called: number }> {
  const { order, copies } = portraits;
  const { training, generated, heldout } = sizes;
  const sets = setsOf(portraits, {
    training: order.slice(0, training),
    generated: order.slice(training, training + generated),
    heldout: order.slice(training + generated, training + generated + heldout),
  });
  const own = sets.generated.rows;
  const id = (row: number): string => (row < own.rows ? sets.generated.id(row) : `copy ${order[row - own.rows]}`);
  const runtime = await openRuntime({ device: 'cpu' });
  try {
    const planted = { ...sets, generated: { rows: stackRows(own, copies), id } };
    const { pairs } = await replicationOf(planted, 0, enginePairwise(runtime));
    const called = pairs.filter(pair => pair.copy);
    return {
      found: called.filter(pair => pair.generated.replace('copy', 'real') === pair.training).length,
      called: called.length,
    };
  } finally {
    await runtime.close();
  }
}
