import { afterAll, beforeAll, expect, test } from 'vitest';
import { foldIn, openStream, type RandomKey, randomKey } from '../../../src/ground/math/index.ts';
import { createGan, openGanSampler, openGanTrainer } from '../../../src/jobs/generators/gan/index.ts';
import type { Runtime } from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

const PIXELS = 3 * 8 * 8;

/** Two patterns that are orthogonal and of unit length: one half bright, one half dark, across and down. */
const patterns = [0, 1].map(axis =>
  Float32Array.from({ length: PIXELS }, (_, i) => {
    const at = axis === 0 ? i % 8 : Math.floor(i / 8) % 8;
    return (at < 4 ? 1 : -1) / Math.sqrt(PIXELS);
  }),
);

/**
 * An image is a·(first pattern) + b·(second): 70 % of them about (4, 0), the others about (−4, 3), with deviations of 1 and ½. The
 * distribution of images is that of (a, b).
 */
function drawPair(key: RandomKey): [number, number] {
  const stream = openStream(key);
  const major = stream.bool(0.7);
  return [(major ? 4 : -4) + stream.normal(), (major ? 0 : 3) + stream.normal() / 2];
}

function drawBatch(key: RandomKey, n: number): Float32Array {
  const batch = new Float32Array(n * PIXELS);
  for (let i = 0; i < n; i++) {
    const [a, b] = drawPair(foldIn(key, i));
    for (let p = 0; p < PIXELS; p++) batch[i * PIXELS + p] = a * patterns[0]![p]! + b * patterns[1]![p]!;
  }
  return batch;
}

/** (a, b) of images, and the length of what is neither pattern. */
function project(images: Float32Array): { a: number; b: number; rest: number }[] {
  return Array.from({ length: images.length / PIXELS }, (_, i) => {
    const image = images.subarray(i * PIXELS, (i + 1) * PIXELS);
    const dot = (pattern: Float32Array): number => pattern.reduce((sum, value, p) => sum + value * image[p]!, 0);
    const [a, b] = [dot(patterns[0]!), dot(patterns[1]!)];
    const square = image.reduce((sum, value) => sum + value * value, 0);
    return { a, b, rest: Math.sqrt(Math.max(0, square - a * a - b * b)) };
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map(value => (value - centre) ** 2)));
};

test('a distribution of two modes is learned: their shares, centres and spreads', async () => {
  const gan = createGan({ imageSize: 8, latentSize: 8, channels: 8, maxChannels: 16 });
  const key = randomKey(4);
  const training = { batchSize: 24, r1Gamma: 0.5, augmentation: [], averageHalfLife: 2000, learningRate: 0.005 };
  const trainer = await openGanTrainer(runtime, { gan, training, from: { key } });
  for (let i = 0; i < 400; i++) await trainer.step(drawBatch(foldIn(key, i), 24), foldIn(key, i));
  const sampler = await openGanSampler(runtime, { gan, weights: trainer.state.generator.average! });
  const { images } = await sampler.sample({ n: 1000, key: randomKey(5) });
  await sampler.close();
  await trainer.close();

  const drawn = project(images);
  const [major, minor] = [drawn.filter(({ a }) => a > 0), drawn.filter(({ a }) => a <= 0)];
  const centre = (mode: typeof drawn) => [mean(mode.map(({ a }) => a)), mean(mode.map(({ b }) => b))];
  const distance = (mode: typeof drawn, [a, b]: readonly [number, number]) =>
    Math.hypot(centre(mode)[0]! - a, centre(mode)[1]! - b);
  // An untrained generator has both modes' share near 0 or 1 and its centres 4 off; these are met with a margin of about 2.
  expect(Math.abs(major.length / 1000 - 0.7)).toBeLessThan(0.1);
  expect(distance(major, [4, 0])).toBeLessThan(0.5);
  expect(distance(minor, [-4, 3])).toBeLessThan(0.5);
  expect(deviation(major.map(({ a }) => a))).toBeGreaterThan(0.6);
  expect(deviation(major.map(({ a }) => a))).toBeLessThan(1.5);
  expect(mean(drawn.map(({ rest }) => rest))).toBeLessThan(1);
}, 120_000);
