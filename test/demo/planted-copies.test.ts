import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Replication } from '../../src/ground/contracts/index.ts';
import { type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import { type FaceReader, measureReplication, openFaceReader, plainPairwise } from '../../src/jobs/audit/index.ts';
import { renderFaces, renderPlanned, sampleFaces } from '../../src/kit/drawing/index.ts';
import { fitWhitening } from '../../src/kit/face-training/index.ts';
import { alterImage, type Image, resizeImage } from '../../src/kit/images/index.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
import { finish } from '../audit/simulated-sets.ts';

/** Side of the images that a generator of the tour makes. */
const SIDE = 32;
let folder = '';
let reader: FaceReader;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'biolens-planted-'));
  await finish(renderFaces(join(folder, 'labelled'), { size: 64, n: 250, seed: 3 }));
  const output = join(folder, 'looks.onnx');
  await finish(fitWhitening(join(folder, 'labelled'), { output }));
  reader = await openFaceReader({ embedder: output, classifier: 'none', noFace: 'whole', device: 'cpu' });
}, 300_000);
afterAll(async () => {
  await reader[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function embed(images: readonly Image[]): Promise<Matrix> {
  const rows: Float32Array[] = [];
  for (const image of images) {
    const small = await resizeImage(image, { width: SIDE, height: SIDE });
    rows.push((await reader.read(small, {}))!.embedding);
  }
  const cols = rows[0]!.length;
  const data = new Float32Array(rows.length * cols);
  rows.forEach((row, i) => {
    data.set(row, i * cols);
  });
  return { rows: rows.length, cols, data };
}

const facesOf = (n: number, seed: number, duplicates: { duplicates?: number; duplicated?: number } = {}) =>
  sampleFaces({ n, seed, skew: { gender: { male: 0.8 } }, ...duplicates });

/** What a small generator makes of an image that it saw very often: blurred, and with noise of its own. */
async function learnt(image: Image, seed: number): Promise<Image> {
  const stream = openStream(randomKey(seed));
  const blurred = await alterImage(image, { blur: 0.8, brightness: 0.97 + 0.06 * stream.uniform() });
  const data = blurred.data.map(value => Math.max(0, Math.min(255, Math.round(value + 5 * stream.normal()))));
  return { ...blurred, data: new Uint8Array(data) };
}

const draw = (faces: ReturnType<typeof facesOf>) => faces.map(face => renderPlanned(face, { size: 64 }).image);
/** Sets that both tests need are embedded once. */
const embedded = new Map<string, Promise<Matrix>>();
function once(name: string, images: () => readonly Image[]): Promise<Matrix> {
  const known = embedded.get(name) ?? embed(images());
  embedded.set(name, known);
  return known;
}

async function audit(copies: number, planted: boolean): Promise<{ result: Replication; crowd: readonly string[] }> {
  const plan = facesOf(300, 21, planted ? { duplicates: 0.2, duplicated: 1 } : {});
  const of = plan.find(({ duplicateOf }) => duplicateOf !== null)?.duplicateOf ?? plan[0]!.file;
  const crowd = plan.filter(({ file, duplicateOf }) => file === of || duplicateOf === of).map(({ file }) => file);
  const [original] = draw(plan.filter(({ file }) => file === of));
  const others = await once('generated', () => draw(facesOf(150, 23)));
  const generated = { ...others, data: others.data.slice() };
  const copied = await Promise.all(Array.from({ length: copies }, (_, i) => learnt(original!, i)));
  if (copies > 0) generated.data.set((await embed(copied)).data);
  const sets = {
    training: {
      rows: sourceOf(await once(planted ? 'planted' : 'plain', () => draw(plan))),
      id: (row: number) => plan[row]!.file,
    },
    generated: { rows: generated, id: (row: number) => `g${row}` },
    heldout: { rows: await once('heldout', () => draw(facesOf(400, 22))), id: (row: number) => `h${row}` },
  };
  const options = { pairwise: plainPairwise, key: randomKey(1), embedder: 'looks', permutations: 99 };
  return { result: (await finish(measureReplication(sets, options))).result, crowd };
}

test('copies of an image that is a fifth of a training set of drawn faces are called', {
  timeout: 300_000,
}, async () => {
  const { result, crowd } = await audit(15, true);
  expect(crowd).toHaveLength(61);
  // Copies shifted by a pixel may be clusters of their own.
  expect(result.duplicates.clusters.flatMap(({ files }) => files).every(file => crowd.includes(file))).toBe(true);
  expect(result.duplicates.share.value).toBeGreaterThan(0.18);
  const called = result.pairs.filter(pair => pair.copy);
  expect(called.filter(({ generated }) => Number(generated.slice(1)) < 15).length).toBeGreaterThanOrEqual(14);
  expect(called.filter(({ generated }) => Number(generated.slice(1)) >= 15)).toEqual([]);
  for (const { training } of called) expect(crowd).toContain(training);
});

test('nothing is called where nothing was copied', { timeout: 300_000 }, async () => {
  const { result } = await audit(0, true);
  expect(result.pairs.filter(pair => pair.copy)).toEqual([]);
  expect(result.duplicates.share.value).toBeGreaterThan(0.18);
  const plain = await audit(0, false);
  expect(plain.result.duplicates.clusters).toEqual([]);
  // The crowd leaves the threshold where the different images put it.
  expect(Math.abs(result.threshold! - plain.result.threshold!)).toBeLessThan(0.04);
});
