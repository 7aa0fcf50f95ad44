import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldIn, randomKey } from '../../src/ground/math/index.ts';
import {
  alphasCumulative,
  createModel,
  type DenoisingTrainer,
  drawNoise,
  drawTimes,
  openDenoisingTrainer,
  openSampler,
} from '../../src/jobs/generators/index.ts';
import { adam, constantSchedule, type Runtime, sgd } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

const SIZE = 8;
const BATCH = 4;
const options = { size: SIZE, channels: 1, blockChannels: [8, 8], seed: 5 };
const key = randomKey(11);
/** Images that are bright on the left or on the right. */
function drawImages(n: number, labels: readonly number[]): Float32Array {
  return Float32Array.from({ length: n * SIZE * SIZE }, (_, i) => {
    const left = i % SIZE < SIZE / 2;
    return left === (labels[Math.floor(i / (SIZE * SIZE))] === 0) ? 0.8 : -0.8;
  });
}
const labels = [0, 1, 0, 1];
const images = drawImages(BATCH, labels);
const learningRate = constantSchedule(3e-3);

async function train(trainer: DenoisingTrainer, steps: number, batch: object = {}): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await trainer.step({ images, key, ...batch })).loss);
  return losses;
}

describe('a denoising trainer', () => {
  test.each(['v', 'epsilon', 'x0'] as const)('predicts %s better with time', async prediction => {
    const trainer = await openDenoisingTrainer(runtime, createModel({ ...options, prediction }), {
      batch: BATCH,
      learningRate,
    });
    const losses = await train(trainer, 60);
    await trainer.close();
    const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    expect(mean(losses.slice(-10))).toBeLessThan(0.6 * mean(losses.slice(0, 5)));
  });

  test('starts with the error of predicting nothing, which is known', async () => {
    // The last layer starts at 0, so the error of v is mean((α·ε − σ·x₀)²), of expectation α² + σ²·.64.
    const model = createModel({ ...options, channels: 3 });
    const batch = 64;
    const trainer = await openDenoisingTrainer(runtime, model, { batch, learningRate });
    const { errors, times, loss } = await trainer.step({ images: new Float32Array(batch * 192).fill(0.8), key });
    await trainer.close();
    const alphas = alphasCumulative(model.noise);
    const expected = [...times].map(time => alphas[time]! + (1 - alphas[time]!) * 0.64);
    const sum = (list: Iterable<number>) => [...list].reduce((total, value) => total + value, 0);
    // A mean of 64 · 192 squares of normals has a relative deviation below 1.3 %.
    expect(Math.abs(sum(errors) / sum(expected) - 1)).toBeLessThan(0.05);
    expect(loss).toBeCloseTo(sum(errors) / batch, 5);
  });

  test('weighs images one by one', async () => {
    const open = () =>
      openDenoisingTrainer(runtime, createModel(options), {
        batch: BATCH,
        learningRate: constantSchedule(0.1),
        optimiser: sgd(),
        clipNorm: null,
      });
    const change = async (weights?: Float32Array) => {
      const trainer = await open();
      const before = trainer.state.weights;
      const { loss, errors } = await trainer.step({ images, weights, key });
      await trainer.close();
      return { loss, errors, moved: trainer.state.weights.map((weight, i) => weight - before[i]!) };
    };
    const [plain, nothing, left, right, both] = [
      await change(),
      await change(new Float32Array(BATCH)),
      await change(Float32Array.of(1, 0, 0.5, 0)),
      await change(Float32Array.of(0, -2, 0, 3)),
      await change(Float32Array.of(1, -2, 0.5, 3)),
    ];
    expect(nothing.loss).toBe(0);
    expect(nothing.moved.every(value => value === 0)).toBe(true);
    const { errors } = plain;
    expect(both.errors).toEqual(errors);
    expect(both.loss).toBeCloseTo((errors[0]! - 2 * errors[1]! + 0.5 * errors[2]! + 3 * errors[3]!) / BATCH, 5);
    // The gradient is linear in the weights.
    const largest = Math.max(...both.moved.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-4);
    const off = both.moved.map((value, i) => Math.abs(value - left.moved[i]! - right.moved[i]!));
    expect(Math.max(...off)).toBeLessThan(1e-4 * largest);
  });

  test('goes on from a checkpoint as if it had not stopped, with classes, dropout and an average', async () => {
    const model = createModel({ ...options, classes: ['left', 'right'], dropout: 0.2 });
    const settings = { batch: BATCH, learningRate, emaDecay: 0.9, optimiser: adam() };
    const whole = await openDenoisingTrainer(runtime, model, settings);
    const losses = await train(whole, 3, { labels });
    const bytes = whole.checkpoint();
    const rest = await train(whole, 3, { labels });
    const resumed = await openDenoisingTrainer(runtime, model, { ...settings, from: bytes });
    expect(resumed.state.step).toBe(3);
    expect(await train(resumed, 3, { labels })).toEqual(rest);
    expect(resumed.checkpoint()).toEqual(whole.checkpoint());
    expect(new Set([...losses, ...rest]).size).toBe(6);
    expect(resumed.model({ average: true }).weights).not.toEqual(resumed.model().weights);
    await whole.close();
    await resumed.close();
    const other = createModel({ ...options, blockChannels: [8, 16] });
    await expect(
      openDenoisingTrainer(runtime, other, { ...settings, from: bytes, file: 'state.safetensors' }),
    ).rejects.toThrow(/^state\.safetensors, weights: tensor/);
  });

  test('says what does not fit', async () => {
    const model = createModel({ ...options, classes: ['left', 'right'] });
    await expect(openDenoisingTrainer(runtime, model, { batch: 0, learningRate })).rejects.toThrow('"batch"');
    const trainer = await openDenoisingTrainer(runtime, model, { batch: BATCH, learningRate });
    await expect(trainer.step({ images: images.subarray(1), key, labels })).rejects.toThrow('"images" expected 4 × 64');
    await expect(trainer.step({ images, key })).rejects.toThrow('"labels" expected 4 numbers, got none');
    await expect(trainer.step({ images, key, labels: [0, 1, 2, 0] })).rejects.toThrow('expected classes 0 to 1, got 2');
    await expect(trainer.step({ images, key, labels, weights: new Float32Array(3) })).rejects.toThrow('"weights"');
    expect(() => trainer.model({ average: true })).toThrow('set "emaDecay"');
    expect(() => createModel({ ...options, size: 9 })).toThrow('"sample_size" expected a multiple of 2');
    expect(() => createModel({ ...options, classes: ['a', 'a'] })).toThrow('"classes" expected different names');
    await trainer.close();
  });
});

test('times are spread over the whole range, each image uniform', () => {
  const counts = new Float64Array(10);
  for (let i = 0; i < 500; i++) {
    const times = drawTimes(foldIn(key, i), { batch: 8, trainSteps: 1000 });
    const sorted = [...times].sort((a, b) => a - b);
    for (let j = 1; j < 8; j++) expect(Math.abs(sorted[j]! - sorted[j - 1]! - 125)).toBeLessThanOrEqual(1);
    counts[Math.floor(times[0]! / 100)]! += 1;
  }
  // 500 draws into ten cells: χ² with 9 degrees of freedom is above 33.7 once in 10,000 seeds.
  expect(counts.reduce((sum, count) => sum + (count - 50) ** 2 / 50, 0)).toBeLessThan(33.7);
});

describe('a sampler', () => {
  const model = createModel({ ...options, seed: 3 });
  // Fresh models predict nothing; this one predicts something.
  const stirred = { ...model, weights: model.weights.map((weight, i) => weight + 0.1 * Math.sin(1.3 * i)) };
  const shape = [1, SIZE, SIZE];

  test.each([
    { method: 'ddim', eta: 0 },
    { method: 'ddim', eta: 1 },
    { method: 'ddpm', eta: 0 },
    { method: 'dpm-solver++', eta: 0 },
  ] as const)('gives image i the same noise in any batch: $method, η = $eta', async settings => {
    const [one, three] = await Promise.all(
      [1, 3].map(batch => openSampler(runtime, stirred, { ...settings, batch, steps: 5 })),
    );
    const all = await three!.sample({ noise: drawNoise(key, 0, 5, shape), key });
    const tail = await one!.sample({ noise: drawNoise(key, 3, 2, shape), key, first: 3 });
    expect(await three!.sample({ noise: drawNoise(key, 0, 5, shape), key })).toEqual(all);
    expect(Math.max(...tail.map((value, i) => Math.abs(value - all[3 * 64 + i]!)))).toBeLessThan(1e-5);
    expect(all.every(value => value >= -1 && value <= 1)).toBe(true);
    expect(new Set(all).size).toBeGreaterThan(100);
    await one!.close();
    await three!.close();
  });

  test('follows its guide, in images or in noise', async () => {
    // Steps that divide 1000: otherwise DDIM ends, as diffusers' does, at the noise of time 0.
    const sampler = await openSampler(runtime, stirred, { steps: 5 });
    const noise = drawNoise(key, 0, 2, shape);
    const plain = await sampler.sample({ noise });
    const times: number[] = [];
    const unguided = await sampler.sample({
      noise,
      guide: (_, { t, x0, epsilon, alpha, sigma }) => {
        times.push(t);
        expect([x0.length, epsilon.length]).toEqual([128, 128]);
        expect(alpha ** 2 + sigma ** 2).toBeCloseTo(1, 10);
        return null;
      },
    });
    expect(unguided).toEqual(plain);
    expect(times).toEqual([999, 799, 599, 399, 199]);
    // Toward the image of nothing but .5, all the way: the end is that image.
    const half = await sampler.sample({ noise, guide: (_, { x0 }) => ({ x0: x0.map(value => 0.5 - value) }) });
    expect(Math.max(...half.map(value => Math.abs(value - 0.5)))).toBeLessThan(1e-6);
    const same = await sampler.sample({ noise, guide: (_, { epsilon }) => ({ epsilon: epsilon.map(() => 0) }) });
    expect(Math.max(...same.map((value, i) => Math.abs(value - plain[i]!)))).toBeLessThan(0.05);
    const darker = await sampler.sample({
      noise,
      guide: (_, { epsilon, sigma }) => ({ epsilon: epsilon.map(() => 0.05 * sigma) }),
    });
    const mean = (x: Float32Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
    expect(mean(darker)).toBeLessThan(mean(plain));
    await expect(sampler.sample({ noise, guide: () => ({ x0: new Float32Array(3) }) })).rejects.toThrow(
      'guide: expected 128',
    );
    await sampler.close();
  });

  test('starts midway from an image that is partly noise', async () => {
    const sampler = await openSampler(runtime, stirred, { steps: 10 });
    const noise = drawNoise(key, 0, 1, shape);
    const still = drawImages(1, [0]);
    const near = await sampler.sample({ noise: sampler.addNoise(still, noise, 9), startStep: 9 });
    expect(near).not.toEqual(await sampler.sample({ noise }));
    await expect(sampler.sample({ noise, startStep: 10 })).rejects.toThrow('"startStep" expected 0 to 9');
    await expect(sampler.sample({ noise: noise.subarray(1) })).rejects.toThrow('"noise" expected n × 64');
    await sampler.close();
  });

  test('stops when told to, and asks for the key of noise', async () => {
    const sampler = await openSampler(runtime, stirred, { method: 'ddpm', steps: 10 });
    const noise = drawNoise(key, 0, 1, shape);
    await expect(sampler.sample({ noise })).rejects.toThrow('"key" is missing: ddpm adds noise at each step');
    const controller = new AbortController();
    const stopped = sampler.sample({
      noise,
      key,
      signal: controller.signal,
      onStep: done => {
        if (done === 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    await sampler.close();
  });
});
