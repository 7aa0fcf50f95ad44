import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { overlapOf } from '../../src/kit/faces/detections.ts';
import { openFaceAnalyser } from '../../src/kit/faces/index.ts';
import { ageGenderGraph } from '../../src/kit/faces/networks/age-gender.ts';
import { DETECTOR_SIDE, detectorGraph, PRIOR_VALUES } from '../../src/kit/faces/networks/detector.ts';
import { embedderGraph } from '../../src/kit/faces/networks/embedder.ts';
import { expressionGraph } from '../../src/kit/faces/networks/expression.ts';
import { landmarksGraph } from '../../src/kit/faces/networks/landmarks.ts';
import { readWeights } from '../../src/kit/faces/weights.ts';
import { decodeImage, type Image, resizeImage, toTensor } from '../../src/kit/images/index.ts';
import { float32, type Graph, type Runtime } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { collage, congress, cosine, noise, readPortraits } from './data.ts';
import { openReference, type Reference, type ReferenceFace } from './reference.ts';

let reference: Reference;
let runtime: Runtime;

beforeAll(async () => {
  reference = await openReference();
  runtime = await openRuntime({ device: 'cpu', threads: 2 });
});
afterAll(() => runtime.close());

/** Runs one of our graphs on images of its own input size. */
async function run(graph: Graph, images: readonly Image[]): Promise<Record<string, Float32Array>> {
  const session = await runtime.load(graph.build());
  const { width, height } = images[0]!;
  const feed = float32(toTensor(images, { width, height }), [images.length, 3, height, width]);
  const outputs = await session.run({ [session.inputs[0]!.name]: feed });
  await session.close();
  const entries = Object.entries(outputs).map(([name, { data }]): [string, Float32Array] => {
    if (!(data instanceof Float32Array)) throw new Error(`${name} is not float32`);
    return [name, data];
  });
  return Object.fromEntries(entries);
}

function expectClose(ours: Float32Array | undefined, theirs: ArrayLike<number>, tolerance: number): void {
  expect(ours?.length).toBe(theirs.length);
  const worst = Math.max(...ours!.map((value, i) => Math.abs(value - theirs[i]!)));
  expect(worst).toBeLessThan(tolerance);
}

describe('each network gives the numbers of the package, on noise of its own input size', () => {
  const small = [noise(112, 112, 1), noise(112, 112, 2)];

  test('detector', async () => {
    const image = noise(DETECTOR_SIDE, DETECTOR_SIDE, 3);
    const { priors } = await run(detectorGraph(await readWeights('detector')), [image]);
    const { scores } = await reference.nets.ssdMobilenetv1.forward(reference.toTensor(image));
    const ours = Float32Array.from(
      scores[0]!.dataSync(),
      (_, i) => 1 / (1 + Math.exp(-priors![i * PRIOR_VALUES + 4]!)),
    );
    expectClose(ours, scores[0]!.dataSync(), 1e-5);
  });

  test('landmarks, batched', async () => {
    const { points } = await run(landmarksGraph(await readWeights('landmarks')), small);
    for (const [i, image] of small.entries()) {
      const theirs = await reference.nets.faceLandmark68Net.forward(reference.toTensor(image));
      expectClose(points!.slice(i * 136, (i + 1) * 136), theirs.dataSync(), 1e-4);
    }
  });

  test('age and gender, batched', async () => {
    const { age, gender } = await run(ageGenderGraph(await readWeights('ageGender')), small);
    for (const [i, image] of small.entries()) {
      const theirs = await reference.nets.ageGenderNet.forward(reference.toTensor(image));
      expectClose(age!.slice(i, i + 1), theirs.age.dataSync(), 1e-3);
      expectClose(gender!.slice(i * 2, i * 2 + 2), theirs.gender.dataSync(), 1e-4);
    }
  });

  test('expression, batched', async () => {
    const { probabilities } = await run(expressionGraph(await readWeights('expression')), small);
    for (const [i, image] of small.entries()) {
      const theirs = await reference.nets.faceExpressionNet.forward(reference.toTensor(image));
      expectClose(probabilities!.slice(i * 7, (i + 1) * 7), theirs.dataSync(), 1e-4);
    }
  });

  test('embedder, batched', async () => {
    const images = [noise(150, 150, 4), noise(150, 150, 5)];
    const { embedding } = await run(embedderGraph(await readWeights('embedder')), images);
    for (const [i, image] of images.entries()) {
      const theirs = await reference.nets.faceRecognitionNet.forward(reference.toTensor(image));
      expectClose(embedding!.slice(i * 128, (i + 1) * 128), theirs.dataSync(), 1e-4);
    }
  });
});

describe.skipIf(congress.missing)(
  'the whole pipeline gives what the package gives (needs ../shared/data/congress)',
  () => {
    /** Far inside what the product promises: overlap .98, age half a year, probabilities .02, cosine .999. */
    function expectSameFace(ours: ReferenceFace, theirs: ReferenceFace): void {
      expect(overlapOf(ours.box, theirs.box)).toBeGreaterThan(0.9999);
      expect(ours.score).toBeCloseTo(theirs.score, 4);
      expect(ours.age).toBeCloseTo(theirs.age, 2);
      expect(ours.gender).toBe(theirs.gender);
      expect(ours.genderProbability).toBeCloseTo(theirs.genderProbability, 4);
      for (const [name, value] of Object.entries(theirs.expressionProbabilities)) {
        expect(ours.expressionProbabilities).toHaveProperty(name, expect.closeTo(value, 4));
      }
      expectClose(ours.landmarks, theirs.landmarks, 0.01);
      expect(cosine(ours.embedding, theirs.embedding)).toBeGreaterThan(0.99999);
    }

    test('on portraits and on a wide image with three faces, one cut by the border', async () => {
      const files = readPortraits().filter((_, i) => i % 160 === 7);
      const portraits = await Promise.all(files.map(({ path }) => decodeImage(path)));
      const [first, second, third] = portraits as [Image, Image, Image];
      // The left face is so near the border that its crops reach past it.
      const wide = collage(745, 420, [
        { image: first, x: -55, y: 30 },
        { image: await resizeImage(second, { width: 260, height: 318 }), x: 190, y: 5 },
        { image: third, x: 520, y: 120 },
      ]);
      const images = [...portraits, wide];
      await using analyser = await openFaceAnalyser({ device: 'cpu' });
      const found = await analyser.analyse(images);
      expect(found.map(faces => faces.length)).toEqual([...portraits.map(() => 1), 3]);
      for (const [i, image] of images.entries()) {
        const theirs = await reference.analyse(image);
        const byScore = found[i]!.toSorted((a, b) => b.score - a.score);
        expect(byScore.length).toBe(theirs.length);
        byScore.forEach((face, k) => {
          expectSameFace(face, theirs[k]!);
        });
      }
    });
  },
);
