import { type Embedder, openEmbedder } from '../src/kit/faces/index.ts';
import { decodeImage, type Image } from '../src/kit/images/index.ts';
import { drawFaces, findCopies, type Planted, plantCopies, shuffled } from '../test/audit/planted.ts';
import { readPortraits } from '../test/faces/data.ts';
import type { BenchResult } from './bench-result.ts';

const EACH = 14;
const SETS = { pictures: 490, training: 300, heldout: 90 } as const;

/** Embeds what has a face, or is embedded whole; a batch at a time, so that the network's lanes are busy. */
async function embedAll(embedder: Embedder, images: readonly Image[]): Promise<(Float32Array | null)[]> {
  const rows: (Float32Array | null)[] = [];
  for (let start = 0; start < images.length; start += 16) {
    const found = await embedder.embed(images.slice(start, start + 16), { noFace: 'whole' });
    rows.push(...found.map(item => item?.embedding ?? null));
  }
  return rows;
}

async function row(name: string, planted: Planted, embedder: Embedder): Promise<(string | number)[]> {
  const { images, copies, alterations } = planted;
  const start = performance.now();
  const embedded = await embedAll(embedder, images);
  const ms = (performance.now() - start) / images.length;
  const options = { alterations, training: SETS.training, heldout: SETS.heldout };
  const result = await findCopies({ images: embedded, copies: await embedAll(embedder, copies) }, options);
  const weakest = Object.entries(result.found)
    .filter(([, count]) => count < EACH - 2)
    .map(([alteration, count]) => `${alteration} ${count}/${EACH}`);
  return [
    name,
    embedder.name,
    `${(100 * result.share).toFixed(0)} %`,
    weakest.join(', ') || 'none',
    result.falseCalls,
    result.callsOfNone,
    ms.toFixed(1),
  ];
}

/** Which embedder finds altered copies in which pictures. */
export async function bench(): Promise<BenchResult> {
  const portraits = await Promise.all(shuffled(readPortraits()).map(({ path }) => decodeImage(path)));
  const sets = {
    'drawn faces, 32 px': drawFaces(SETS.pictures, 32),
    'drawn faces, 192 px': drawFaces(SETS.pictures, 192),
    'Congress portraits': portraits,
  };
  const rows: (string | number)[][] = [];
  for (const [name, images] of Object.entries(sets)) {
    const planted = await plantCopies(images, EACH);
    for (const spec of ['appearance', 'built-in']) {
      await using embedder = await openEmbedder(spec, { device: 'cpu' });
      rows.push(await row(name, planted, embedder));
    }
  }
  return {
    title: 'Copies: by appearance, and by the face network',
    columns: [
      'pictures',
      'embedder',
      'copies found',
      'weak at',
      'false calls',
      'calls with none planted',
      'ms a picture',
    ],
    rows,
    notes: [
      `${SETS.training} pictures of different people as training, ${SETS.heldout} held out, ${SETS.pictures - SETS.training - SETS.heldout} others and ${7 * EACH} altered copies as generated`,
      `copies: JPEG quality 30, 5 % crop, mirror, a quarter brighter, blur, turned by 5°, and a little of all; ${EACH} of each; "weak at" names those with more than 2 not found`,
      'a copy counts as found when the audit calls it, and as a copy of the right picture; settings are the defaults; without a face the whole picture is embedded',
    ],
  };
}
