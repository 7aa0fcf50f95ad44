import { type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import { plainPairwise } from '../../src/jobs/audit/pairwise.ts';
import { measureReplication } from '../../src/jobs/audit/replication.ts';
import { renderFace, sampleFaces } from '../../src/kit/drawing/index.ts';
import { type Alteration, alterImage, type Image } from '../../src/kit/images/index.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
import { finish } from './simulated-sets.ts';

/** What happens to planted copies, by name; `blur` in shares of the side. */
export const ALTERATIONS: Readonly<Record<string, Alteration>> = {
  'JPEG 30': { jpegQuality: 30 },
  'crop 5 %': { crop: 0.05 },
  mirror: { mirror: true },
  brighter: { brightness: 1.25 },
  blur: { blur: 0.012 },
  'rotated 5°': { rotate: 5 },
  'all a little': { mirror: true, brightness: 0.92, crop: 0.02, blur: 0.01, jpegQuality: 60 },
};
const NAMES = Object.keys(ALTERATIONS);

export function drawFaces(n: number, size: number): Image[] {
  return sampleFaces({ n, seed: 11 }).map(({ spec }) => renderFace(spec, { size }).image);
}

export interface Planted {
  readonly images: readonly Image[];
  /** Copy i is of image i, altered by `alterations[i]`. */
  readonly copies: readonly Image[];
  readonly alterations: readonly string[];
}

export async function plantCopies(images: readonly Image[], each: number): Promise<Planted> {
  const alterations = Array.from({ length: each * NAMES.length }, (_, i) => NAMES[i % NAMES.length]!);
  const copies = await Promise.all(
    alterations.map((name, i) => {
      const image = images[i]!;
      const { blur, ...rest } = ALTERATIONS[name]!;
      return alterImage(image, { ...rest, ...(blur === undefined ? {} : { blur: Math.max(0.4, blur * image.width) }) });
    }),
  );
  return { images, copies, alterations };
}

function stack(rows: readonly Float32Array[]): Matrix {
  const cols = rows[0]!.length;
  const data = new Float32Array(rows.length * cols);
  rows.forEach((row, i) => {
    data.set(row, i * cols);
  });
  return { rows: rows.length, cols, data };
}

export interface CopiesFound {
  /** By alteration. */
  readonly found: Readonly<Record<string, number>>;
  readonly share: number;
  /** Other images, or copies of another image, that were called. */
  readonly falseCalls: number;
  /** Calls where no copy was planted. */
  readonly callsOfNone: number;
}

/**
 * Audits planted copies beside untouched images: the first `training` of them train, the next `heldout` are held out, the others are generated. An
 * embedding that is null, of an image without a face, cannot be found.
 */
export async function findCopies(
  embedded: { readonly images: readonly (Float32Array | null)[]; readonly copies: readonly (Float32Array | null)[] },
  {
    alterations,
    training,
    heldout,
  }: { readonly alterations: readonly string[]; readonly training: number; readonly heldout: number },
): Promise<CopiesFound> {
  const numbered = (rows: readonly (Float32Array | null)[], prefix: string) =>
    rows.flatMap((row, i) => (row === null ? [] : [{ id: `${prefix}${i}`, row }]));
  const all = numbered(embedded.images, '');
  const at = (id: string) => Number(id);
  const train = all.filter(({ id }) => at(id) < training);
  const held = all.filter(({ id }) => at(id) >= training && at(id) < training + heldout);
  const others = all.filter(({ id }) => at(id) >= training + heldout);
  const audit = async (generated: typeof all) => {
    const sets = {
      training: { rows: sourceOf(stack(train.map(({ row }) => row))), id: (i: number) => train[i]!.id },
      generated: { rows: stack(generated.map(({ row }) => row)), id: (i: number) => generated[i]!.id },
      heldout: { rows: stack(held.map(({ row }) => row)), id: (i: number) => held[i]!.id },
    };
    const options = { pairwise: plainPairwise, key: randomKey(5), embedder: 'measured', permutations: 19 };
    return (await finish(measureReplication(sets, options))).result.pairs.filter(pair => pair.copy);
  };
  const called = await audit([...others, ...numbered(embedded.copies, 'copy ')]);
  const right = called.filter(({ generated, training: of }) => generated === `copy ${of}`);
  const found = Object.fromEntries(
    NAMES.map(name => [name, right.filter(({ training: of }) => alterations[at(of)] === name).length]),
  );
  return {
    found,
    share: right.length / alterations.length,
    falseCalls: called.length - right.length,
    callsOfNone: (await audit(others)).length,
  };
}

/** Rows in a random order that is always the same. */
export function shuffled<T>(items: readonly T[]): T[] {
  return openStream(randomKey(2))
    .sampleWithoutReplacement(items.length, items.length)
    .map(i => items[i]!);
}
