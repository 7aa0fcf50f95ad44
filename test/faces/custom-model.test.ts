import { describe, expect, test } from 'vitest';
import type { FaceAnalyser, LocatedFace } from '../../src/kit/faces/index.ts';
import { openClassifier, openDetector, openEmbedder } from '../../src/kit/faces/index.ts';
import { cropImage } from '../../src/kit/images/index.ts';
import { drawn } from './data.ts';
import { type CardChanges, cardFor, channelMeans, fixedBoxes, temporaryFolder, writeModel } from './models.ts';

const red = drawn(20, 20, () => [200, 100, 50]);
const grey = drawn(30, 10, () => [80, 80, 80]);

/** An analyser that sees the same faces in every image. */
function staged(faces: readonly LocatedFace[]): FaceAnalyser {
  const refuse = () => Promise.reject(new Error('not asked for'));
  return {
    concurrency: 1,
    detect: refuse,
    locate: images => Promise.resolve(images.map(() => [...faces])),
    analyse: refuse,
    embed: refuse,
    close: refuse,
    [Symbol.asyncDispose]: refuse,
  };
}

async function embeddings(
  changes: CardChanges,
  options: Parameters<typeof channelMeans>[0] & {
    images?: (typeof red)[];
    analyser?: FaceAnalyser;
    noFace?: 'whole';
  } = {},
) {
  await using folder = await temporaryFolder();
  const path = await writeModel(folder.path, channelMeans(options), cardFor(changes));
  const { analyser, noFace, images = [red] } = options;
  await using embedder = await openEmbedder(path, { device: 'cpu', threads: 2, ...(analyser ? { analyser } : {}) });
  expect(embedder).toMatchObject({ name: 'means', width: 3 });
  const found = await embedder.embed(images, { noFace });
  return found.map(
    item => item && { box: item.box, embedding: [...item.embedding].map(value => Math.round(value * 1000) / 1000) },
  );
}

describe("an embedder of one's own is fed as its card says", () => {
  test('mean and deviation', async () => {
    const input = { mean: [100, 100, 100], deviation: [50, 100, 200] };
    expect(await embeddings({ input })).toEqual([{ box: null, embedding: [2, 0, -0.25] }]);
  });

  test('blue first: mean and deviation are in that order too', async () => {
    const input = { channels: 'bgr', mean: [50, 0, 0], deviation: [1, 2, 4] };
    expect(await embeddings({ input })).toEqual([{ box: null, embedding: [0, 50, 50] }]);
  });

  test('channels last', async () => {
    expect(await embeddings({ input: { layout: 'nhwc' } }, { layout: 'nhwc' })).toEqual([
      { box: null, embedding: [200, 100, 50] },
    ]);
  });

  test('many images of different sizes keep their order, whatever the batch of the model', async () => {
    const images = Array.from({ length: 37 }, (_, i) => drawn(8 + i, 9, () => [i, 2 * i, 3]));
    const expected = images.map((_, i) => ({ box: null, embedding: [i, 2 * i, 3] }));
    expect(await embeddings({}, { images })).toEqual(expected);
    expect(await embeddings({}, { images, batch: 1 })).toEqual(expected);
    expect(await embeddings({}, { images, batch: 5 })).toEqual(expected);
  });
});

describe('a model that looks at faces', () => {
  // Left half black, right half white: the mean tells what was cut out.
  const halves = drawn(100, 100, x => (x < 50 ? [0, 0, 0] : [255, 255, 255]));
  const landmarks = new Float32Array(136);
  const face = (box: LocatedFace['box']): LocatedFace => ({ box, score: 0.9, landmarks });

  test('box: squared on the longer side, grown by the padding', async () => {
    const box = { x: 50, y: 20, width: 20, height: 40 };
    const analyser = staged([face(box)]);
    // Squared: x from 40 to 80, a quarter of it black.
    const [tight] = await embeddings({ alignment: 'box', padding: 0 }, { images: [halves], analyser });
    expect(tight!.box).toEqual(box);
    const square = cropImage(halves, { x: 40, y: 20, width: 40, height: 40 });
    const mean = square.data.reduce((sum, value) => sum + value, 0) / square.data.length;
    expect(tight!.embedding[0]).toBeCloseTo(mean, -0.5);
    // Twice the side: x from 20 to 100 and y from 0 to 80, three eighths black.
    const [padded] = await embeddings({ alignment: 'box', padding: 1 }, { images: [halves], analyser });
    expect(padded!.embedding[0]).toBeCloseTo((255 * 5) / 8, -0.5);
  });

  test('landmarks: five points onto the template', async () => {
    // Points of the template itself, moved by 10 to the right: the warp moves the image back by 10.
    const points = [
      [38.2946, 51.6963],
      [73.5318, 51.5014],
      [56.0252, 71.7366],
      [41.5493, 92.3655],
      [70.7299, 92.2041],
    ] as const;
    const on = Float32Array.from(landmarks);
    const put = (from: number, to: number, [x, y]: readonly [number, number]) => {
      for (let i = from; i < to; i++) on.set([x + 10, y], i * 2);
    };
    put(36, 42, points[0]);
    put(42, 48, points[1]);
    put(30, 31, points[2]);
    put(48, 49, points[3]);
    put(54, 55, points[4]);
    const image = drawn(122, 112, x => (x < 10 ? [255, 0, 0] : x < 66 ? [0, 200, 0] : [0, 0, 100]));
    const analyser = staged([{ box: { x: 10, y: 0, width: 112, height: 112 }, score: 1, landmarks: on }]);
    const [seen] = await embeddings(
      { alignment: 'landmarks', input: { width: 112, height: 112 } },
      { side: 112, images: [image], analyser },
    );
    expect(seen!.embedding[0]).toBeCloseTo(0, 0);
    expect(seen!.embedding[1]).toBeCloseTo(100, -0.5);
    expect(seen!.embedding[2]).toBeCloseTo(50, -0.5);
  });

  test('without a face: nothing, or the whole image on demand', async () => {
    const images = [grey, red];
    expect(await embeddings({ alignment: 'box' }, { images, analyser: staged([]) })).toEqual([null, null]);
    expect(await embeddings({ alignment: 'box' }, { images, analyser: staged([]), noFace: 'whole' })).toEqual([
      { box: null, embedding: [80, 80, 80] },
      { box: null, embedding: [200, 100, 50] },
    ]);
  });
});

test('a classifier: logits of several attributes, one after another', async () => {
  await using folder = await temporaryFolder();
  // Logits: red/100, green/100 | blue/100, red/200, 0.
  const times = [0.01, 0, 0, 0.005, 0, 0, 0.01, 0, 0, 0, 0, 0, 0.01, 0, 0];
  const attributes = { gender: ['male', 'female'], hair: ['dark', 'fair', 'none'] };
  const card = cardFor({ kind: 'classifier', output: { meaning: 'logits', attributes } });
  await using classifier = await openClassifier(await writeModel(folder.path, channelMeans({ times }), card), {
    threads: 1,
  });
  expect(classifier.attributes).toEqual(attributes);
  const [seen] = await classifier.classify([red]);
  const softmax = (logits: number[]) =>
    logits.map(logit => Math.exp(logit) / logits.reduce((sum, other) => sum + Math.exp(other), 0));
  expect(seen!.probabilities.gender).toEqual(softmax([2, 1]).map(value => expect.closeTo(value, 5)));
  expect(seen!.probabilities.hair).toEqual(softmax([0.5, 1, 0]).map(value => expect.closeTo(value, 5)));
});

test('a detector: shares of the image become pixels, weak and overlapping boxes go', async () => {
  await using folder = await temporaryFolder();
  const boxes = [0.1, 0.2, 0.4, 0.7, 0.12, 0.2, 0.4, 0.7, 0.5, 0, 1, 1, 0.6, 0.6, 0.7, 0.7];
  const card = cardFor({
    kind: 'detector',
    output: { meaning: 'boxes', boxes: 'boxes', scores: 'scores', threshold: 0.3 },
  });
  const path = await writeModel(folder.path, fixedBoxes(boxes, [0.8, 0.9, 0.4, 0.2]), card);
  await using detector = await openDetector(path, { threads: 1 });
  const [found] = await detector.detect([drawn(200, 100, () => [1, 2, 3])]);
  expect(found!.map(({ score }) => Math.round(score * 10) / 10)).toEqual([0.4, 0.9]);
  const box = {
    x: expect.closeTo(24, 3),
    y: expect.closeTo(20, 3),
    width: expect.closeTo(56, 3),
    height: expect.closeTo(50, 3),
  };
  expect(found![1]!.box).toEqual(box);
});
