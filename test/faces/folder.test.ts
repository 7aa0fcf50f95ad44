import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  collectEmbeddings,
  detectFolder,
  type Embedder,
  type EmbedEvent,
  embedFolder,
  type FaceAnalyser,
  labelFolder,
  openDetector,
  openEmbedder,
  openFaceAnalyser,
} from '../../src/kit/faces/index.ts';
import { encodeJpeg, encodePng } from '../../src/kit/images/index.ts';
import { congress, drawn, noise, readPortraits } from './data.ts';
import { cardFor, channelMeans, temporaryFolder, writeModel } from './models.ts';

let analyser: FaceAnalyser;
beforeAll(async () => {
  analyser = await openFaceAnalyser({ device: 'cpu' });
});
afterAll(() => analyser.close());

async function gather<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Twelve plain images whose colour is their number, a truncated JPEG and a text called .png between them. */
async function mixedFolder(path: string): Promise<void> {
  await mkdir(join(path, 'sub'));
  for (let i = 0; i < 12; i++) {
    const name = i < 6 ? `b${i}.png` : `sub/c${i}.png`;
    await writeFile(join(path, name), await encodePng(drawn(10 + i, 12, () => [i, 100, 200])));
  }
  const jpeg = await encodeJpeg(noise(64, 64, 1));
  await writeFile(join(path, 'a-cut.jpg'), jpeg.subarray(0, jpeg.length - 400));
  await writeFile(join(path, 'b2-text.png'), 'this is no picture');
}

describe('embedding a folder', () => {
  /** An embedder whose first number is the red of the image. */
  async function withColours<T>(use: (folder: string, embedder: Embedder) => Promise<T>): Promise<T> {
    await using folder = await temporaryFolder();
    await mixedFolder(folder.path);
    await using models = await temporaryFolder();
    const path = await writeModel(models.path, channelMeans(), cardFor());
    await using embedder = await openEmbedder(path, { device: 'cpu', threads: 2 });
    return await use(folder.path, embedder);
  }

  test('rows are in the order of the files, and what cannot be read is named and counted', async () => {
    const seen: EmbedEvent[] = [];
    const { files, matrix, skipped } = await withColours((folder, embedder) =>
      collectEmbeddings(embedFolder(folder, { embedder }), event => seen.push(event)),
    );
    const names = Array.from({ length: 12 }, (_, i) => (i < 6 ? `b${i}.png` : `sub/c${i}.png`)).sort();
    expect(files).toEqual(names);
    expect(matrix).toMatchObject({ rows: 12, cols: 3 });
    const reds = files.map((_, row) => Math.round(matrix.data[row * 3]!));
    expect(reds).toEqual(names.map(name => Number(/\d+/.exec(name)![0])));
    expect(skipped.map(({ file }) => file)).toEqual(['a-cut.jpg', 'b2-text.png']);
    expect(skipped[0]!.reason).toBe('truncated JPEG image');
    expect(seen.at(-1)).toEqual({ type: 'result', items: 12, skipped: 2 });
  });

  test('progress counts every file once, up to the total that is known first', async () => {
    const events = await withColours((folder, embedder) => gather(embedFolder(folder, { embedder })));
    expect(events[0]).toEqual({ type: 'found', total: 14 });
    const steps = events.flatMap(event => ('done' in event ? [[event.done, event.total]] : []));
    expect(steps).toEqual(Array.from({ length: 14 }, (_, i) => [i + 1, 14]));
  });

  test('an abort ends it with an interruption', async () => {
    const controller = new AbortController();
    const run = withColours(async (folder, embedder) => {
      for await (const event of embedFolder(folder, { embedder, signal: controller.signal })) {
        if (event.type === 'item') controller.abort();
      }
    });
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('a model that fails ends the scan and is not blamed on the images', async () => {
    await withColours(async (folder, embedder) => {
      const broken: Embedder = { ...embedder, embed: () => Promise.reject(new TypeError('broken model')) };
      await expect(gather(embedFolder(folder, { embedder: broken }))).rejects.toThrow('broken model');
    });
  });

  test('an image without a face is skipped, or embedded whole on demand', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'plain.png'), await encodePng(drawn(64, 64, () => [120, 140, 160])));
    await using embedder = await openEmbedder('built-in', { analyser });
    expect(await collectEmbeddings(embedFolder(folder.path, { embedder }))).toMatchObject({
      files: [],
      matrix: { rows: 0 },
      skipped: [{ file: 'plain.png', reason: 'no face found' }],
    });
    const whole = await collectEmbeddings(embedFolder(folder.path, { embedder, noFace: 'whole' }));
    expect(whole.matrix).toMatchObject({ rows: 1, cols: 128 });
    expect(whole.matrix.data.every(Number.isFinite)).toBe(true);
  });

  test('a folder that is not there', async () => {
    await using embedder = await openEmbedder('built-in', { analyser });
    await expect(gather(embedFolder('/no/such/folder', { embedder }))).rejects.toMatchObject({ code: 'input' });
  });
});

describe('labelling and detecting', () => {
  test('an image without a face has an empty list', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'plain.png'), await encodePng(drawn(50, 90, (x, y) => [x, y, 30])));
    const events = await gather(labelFolder(folder.path, { analyser }));
    expect(events).toContainEqual({ type: 'item', done: 1, total: 1, file: 'plain.png', faces: [] });
  });

  test.skipIf(congress.missing)('portraits (needs ../shared/data/congress)', async () => {
    await using folder = await temporaryFolder();
    for (const { file, path } of readPortraits().slice(0, 3))
      await writeFile(join(folder.path, file), await readFile(path));
    const labels = await gather(labelFolder(folder.path, { analyser }));
    const faces = labels.flatMap(event => (event.type === 'item' ? event.faces : []));
    expect(faces).toHaveLength(3);
    const fields = ['age', 'box', 'expression', 'expressionProbabilities', 'gender', 'genderProbability', 'score'];
    expect(Object.keys(faces[0]!).sort()).toEqual(fields);
    await using detector = await openDetector('built-in', { analyser });
    const detected = await gather(detectFolder(folder.path, { detector }));
    expect(detected.flatMap(event => (event.type === 'item' ? event.faces : []))).toEqual(
      faces.map(({ box, score }) => ({ box, score })),
    );
  });
});
