import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { type FittedWhitening, fitWhitening, type WhiteningOptions } from '../../src/kit/face-training/index.ts';
import { openEmbedder } from '../../src/kit/faces/index.ts';
import { decodeImage, type Image } from '../../src/kit/images/index.ts';
import { temporaryFolder } from './models.ts';

async function fit(directory: string, options: WhiteningOptions): Promise<FittedWhitening> {
  const events = fitWhitening(directory, options);
  let step = await events.next();
  while (!step.done) step = await events.next();
  return step.value;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let pictures: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  pictures = join(folder.path, 'drawn');
  for await (const _ of renderFaces(pictures, { n: 150, size: 32, seed: 3 })) {
    // Only the images are wanted.
  }
});
afterAll(() => folder[Symbol.asyncDispose]());

async function embedAll(model: string, images: readonly Image[]): Promise<Float32Array[]> {
  await using embedder = await openEmbedder(model, { device: 'cpu', threads: 1 });
  const found = await embedder.embed(images);
  return found.map(item => item!.embedding);
}

const readPicture = (i: number) => decodeImage(join(pictures, `${String(i).padStart(6, '0')}.png`));

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('an embedder by whitening', () => {
  test('has components that are uncorrelated, the largest first, with variances brought half way to each other', async () => {
    const output = join(folder.path, 'looks.onnx');
    const result = await fit(pictures, { output, width: 12 });
    expect(result).toMatchObject({ pictures: 150, size: 16, width: 12, skipped: [] });
    expect(JSON.parse(await readFile(result.card, 'utf8'))).toMatchObject({ kind: 'embedder', alignment: 'none' });
    const images = await Promise.all(Array.from({ length: 150 }, (_, i) => readPicture(i + 1)));
    const rows = await embedAll(output, images);
    const covariance = (a: number, b: number) => rows.reduce((sum, row) => sum + row[a]! * row[b]!, 0) / 149;
    const means = Array.from({ length: 12 }, (_, c) => rows.reduce((sum, row) => sum + row[c]!, 0) / 150);
    for (const mean of means) expect(Math.abs(mean)).toBeLessThan(1e-3);
    const deviations = Array.from({ length: 12 }, (_, c) => covariance(c, c));
    expect(deviations).toEqual(deviations.toSorted((a, b) => b - a));
    for (let a = 0; a < 12; a++)
      for (let b = 0; b < a; b++)
        expect(Math.abs(covariance(a, b)) / Math.sqrt(deviations[a]! * deviations[b]!)).toBeLessThan(1e-3);
    // A variance of d after division by √(standard deviation) was d² before: its share of the whole is what was told.
    const plain = images.map(({ data }) => data);
    expect(plain[0]!.length).toBe(3 * 32 * 32);
    const kept = deviations.reduce((sum, d) => sum + d ** 2, 0);
    const wide = await fit(pictures, { output: join(folder.path, 'wide.onnx'), width: 149 });
    expect(wide.explained).toBeCloseTo(1, 5);
    const all = await embedAll(wide.output, images);
    const whole = Array.from({ length: 149 }, (_, c) => all.reduce((sum, row) => sum + row[c]! ** 2, 0) / 149);
    expect(result.explained).toBeCloseTo(kept / whole.reduce((sum, d) => sum + d ** 2, 0), 4);
  });

  test('tells worn copies from look-alikes that it was not fitted to', async () => {
    const output = join(folder.path, 'copies.onnx');
    const others = join(folder.path, 'others');
    for await (const _ of renderFaces(others, { n: 150, size: 32, seed: 4 })) {
      // Only the images are wanted.
    }
    await fit(others, { output });
    const images = await Promise.all(Array.from({ length: 60 }, (_, i) => readPicture(i + 1)));
    const stream = openStream(randomKey(5));
    const worn = images.map(image => {
      const data = image.data.map(value => Math.min(255, Math.max(0, Math.round(value * 1.03 + 6 * stream.normal()))));
      return { ...image, data };
    });
    const rows = await embedAll(output, images);
    const copies = await embedAll(output, worn);
    const ofCopies = copies.map((copy, i) => cosine(copy, rows[i]!));
    const nearest = rows.map((row, i) => Math.max(...rows.filter((_, j) => j !== i).map(other => cosine(row, other))));
    expect(Math.min(...ofCopies)).toBeGreaterThan(Math.max(...nearest));
  });

  test('skips what is no image', async () => {
    const mixed = join(folder.path, 'mixed');
    for await (const _ of renderFaces(mixed, { n: 5, size: 32, seed: 6 })) {
      // Only the images are wanted.
    }
    await writeFile(join(mixed, 'broken.png'), 'no image');
    const result = await fit(mixed, { output: join(folder.path, 'few.onnx'), width: 4, size: 8 });
    expect(result.skipped.map(({ file }) => file)).toEqual(['broken.png']);
  });

  test.each<[string, Partial<WhiteningOptions>, RegExp]>([
    ['more numbers than images', { width: 150 }, /"width" expected 1 to 149 for 150 images/],
    ['a side out of range', { size: 4 }, /"size" expected 8 to 64 pixels, got 4/],
    ['another ending', { output: 'looks.bin' }, /"output" expected a name ending in .onnx/],
    ['a folder that is not there', { output: 'nowhere/looks.onnx' }, /nowhere/],
  ])('refuses %s and writes nothing', async (_, more, message) => {
    await expect(fit(pictures, { output: join(folder.path, 'refused.onnx'), ...more })).rejects.toThrow(message);
    await expect(readFile(join(folder.path, 'refused.onnx'))).rejects.toThrow('ENOENT');
  });

  test('refuses a folder without images', async () => {
    const empty = join(folder.path, 'empty');
    await mkdir(empty);
    await expect(fit(empty, { output: join(folder.path, 'none.onnx') })).rejects.toThrow(/empty/);
  });
});
