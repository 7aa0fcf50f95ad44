import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Replication } from '../../src/ground/contracts/index.ts';
import { foldIn, type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import type { EmbeddedSets } from '../../src/jobs/audit/embedded-sets.ts';
import type { Pairwise } from '../../src/jobs/audit/pairwise.ts';
import { measureReplication } from '../../src/jobs/audit/replication.ts';
import { takeRows } from '../../src/jobs/audit/rows.ts';
import { openFaceAnalyser } from '../../src/kit/faces/index.ts';
import { type Alteration, alterImage, decodeImage, type Image, listImages } from '../../src/kit/images/index.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
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
  /** All row numbers of `faces` in random order. */
  readonly order: readonly number[];
  /** Row i is an altered copy of portrait `order[i]`. */
  readonly copies: Matrix;
}

/** Embeds all portraits, and altered copies of the first `copies` of a random order. */
export async function embedPortraits(copies: number): Promise<Portraits> {
  const files: string[] = [];
  for await (const { path } of listImages(folder)) files.push(path);
  const order = openStream(foldIn(portraitKey, 'order')).sampleWithoutReplacement(files.length, files.length);
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
