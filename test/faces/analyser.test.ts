import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPRESSIONS, faceSchema } from '../../src/ground/contracts/index.ts';
import { type FaceAnalyser, openClassifier, openEmbedder, openFaceAnalyser } from '../../src/kit/faces/index.ts';
import { borrowLanes, openLanes } from '../../src/kit/faces/lanes.ts';
import { blurImage, decodeImage, type Image, resizeImage } from '../../src/kit/images/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { collage, congress, cosine, drawn, noise, orl, readPortraits } from './data.ts';
import { channelMeans } from './models.ts';

let analyser: FaceAnalyser;
beforeAll(async () => {
  analyser = await openFaceAnalyser({ device: 'cpu', threads: 2 });
});
afterAll(() => analyser.close());

describe('without any face', () => {
  test('nothing is found in flat colour and noise, of any shape', async () => {
    const images = [drawn(1, 1, () => [9, 9, 9]), drawn(300, 2, () => [200, 0, 0]), noise(90, 160, 1)];
    expect(await analyser.analyse(images)).toEqual([[], [], []]);
    expect(await analyser.embed(images)).toEqual([null, null, null]);
  });

  test('no images, no faces', async () => {
    expect(await analyser.analyse([])).toEqual([]);
  });

  test('the least score must be a probability', async () => {
    for (const minScore of [0, 1, -1, Number.NaN]) {
      await expect(openFaceAnalyser({ minScore })).rejects.toThrow('"minScore" expected a number above 0 and below 1');
    }
  });

  test('an aborted call is interrupted, and the analyser goes on', async () => {
    const images = Array.from({ length: 6 }, (_, i) => noise(64, 64, i));
    const controller = new AbortController();
    const running = analyser.analyse(images, { signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    await expect(analyser.detect(images, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(await analyser.detect(images.slice(0, 1))).toEqual([[]]);
  });

  test('a borrowed runtime is left open', async () => {
    const runtime = await openRuntime({ device: 'cpu', threads: 1 });
    const borrowed = await openFaceAnalyser({ runtime });
    expect(await borrowed.detect([noise(32, 32, 1)])).toEqual([[]]);
    await borrowed.close();
    const session = await runtime.load(channelMeans().build());
    expect(session.inputs[0]!.name).toBe('data');
    await runtime.close();
  });
});

describe('lanes', () => {
  test('runs spread over lanes, and each gives its own answer', async () => {
    const lanes = await openLanes({ device: 'cpu', threads: 3 });
    expect(lanes.count).toBe(3);
    const session = await lanes.load(channelMeans({ side: 2 }).build());
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const feed = { dtype: 'float32', shape: [1, 3, 2, 2], data: new Float32Array(12).fill(i) } as const;
        return (await session.run({ data: feed })).means!.data[0];
      }),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const borrowed = borrowLanes(lanes);
    expect(borrowed.count).toBe(3);
    await borrowed.close();
    expect((await lanes.load(channelMeans().build())).outputs).toHaveLength(1);
    await lanes.close();
  });
});

describe.skipIf(congress.missing)('on portraits (needs ../shared/data/congress)', () => {
  let portraits: Image[];
  beforeAll(async () => {
    const files = readPortraits().filter((_, i) => i % 100 === 3);
    portraits = await Promise.all(files.map(({ path }) => decodeImage(path)));
  });

  test('a face has all its fields, in range', async () => {
    const [faces] = await analyser.analyse(portraits.slice(0, 1));
    expect(faces).toHaveLength(1);
    const { landmarks, embedding, ...face } = faces![0]!;
    expect(faceSchema.parse(face)).toEqual(face);
    expect(landmarks).toHaveLength(136);
    expect(embedding).toHaveLength(128);
    expect(Object.values(face.expressionProbabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(face.genderProbability).toBeGreaterThanOrEqual(0.5);
    expect(face.age).toBeGreaterThan(20);
  });

  test('images do not influence each other: one at a time gives what all together give', async () => {
    const together = await analyser.analyse(portraits);
    for (const [i, image] of portraits.entries()) {
      const [alone] = await analyser.analyse([image]);
      expect(alone!.length).toBe(together[i]!.length);
      expect(alone![0]!.box).toEqual(together[i]![0]!.box);
      expect(cosine(alone![0]!.embedding, together[i]![0]!.embedding)).toBeGreaterThan(0.999999);
    }
  });

  test('faces come largest first, and the largest is the one that is embedded', async () => {
    const large = await resizeImage(portraits[1]!, { width: 300, height: 367 });
    const image = collage(700, 400, [
      { image: portraits[0]!, x: 10, y: 60 },
      { image: large, x: 320, y: 10 },
    ]);
    const [faces] = await analyser.analyse([image]);
    expect(faces!.map(({ box }) => box.x > 320)).toEqual([true, false]);
    const [embedded] = await analyser.embed([image]);
    expect(embedded!.box).toEqual(faces![0]!.box);
    expect([...embedded!.embedding]).toEqual([...faces![0]!.embedding]);
  });

  test('a further look at the reduced image finds small, blurred and tightly cut faces', async () => {
    const small = await Promise.all(portraits.map(image => resizeImage(image, { width: 39, height: 48 })));
    const blurred = await Promise.all(portraits.map(image => blurImage(image, { sigma: 3 })));
    const found = await analyser.locate([...small, ...blurred]);
    expect(found.filter(faces => faces.length === 1).length).toBe(2 * portraits.length);
    const sharp = await analyser.locate(portraits);
    const centre = (points: Float32Array) => points.filter((_, i) => i % 2 === 0).reduce((sum, x) => sum + x, 0) / 68;
    found.slice(portraits.length).forEach(([face], i) => {
      if (face) expect(Math.abs(centre(face.landmarks) - centre(sharp[i]![0]!.landmarks))).toBeLessThan(8);
    });
  });

  test('the built-in embedder and classifier say what the analyser says', async () => {
    const [[face] = []] = await analyser.analyse(portraits.slice(0, 1));
    await using embedder = await openEmbedder('built-in', { analyser });
    await using classifier = await openClassifier('built-in', { analyser });
    const [embedded] = await embedder.embed(portraits.slice(0, 1));
    expect([...embedded!.embedding]).toEqual([...face!.embedding]);
    expect(classifier.attributes).toEqual({ gender: ['male', 'female'], expression: EXPRESSIONS });
    const [classified] = await classifier.classify(portraits.slice(0, 1));
    const { gender, expression } = classified!.probabilities;
    expect(gender![face!.gender === 'male' ? 0 : 1]).toBe(face!.genderProbability);
    expect(EXPRESSIONS[expression!.indexOf(Math.max(...expression!))]).toBe(face!.expression);
  });
});

test.skipIf(orl.missing)(
  'two images of one person are nearer than those of two (needs ../shared/data/orl)',
  async () => {
    const people = [1, 5, 11, 20, 32];
    const images = await Promise.all(people.flatMap(s => [1, 6].map(n => decodeImage(`${orl.folder}/s${s}/${n}.png`))));
    const embedded = await analyser.embed(images, { noFace: 'whole' });
    const nearest = embedded.map((item, i) => {
      const others = embedded.map((other, k) => (k === i ? -1 : cosine(item!.embedding, other!.embedding)));
      return others.indexOf(Math.max(...others));
    });
    expect(nearest).toEqual(people.flatMap((_, i) => [2 * i + 1, 2 * i]));
  },
);
