import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { openPrivateTrainer, poissonDiscreteGaussianRdp, samplePoisson, spentOf } from '../../src/kit/privacy/index.ts';
import {
  buildExampleStep,
  buildTrainingStep,
  collectParameters,
  crossEntropy,
  float32,
  type Lookup,
  linear,
  openExampleTrainer,
  openTrainer,
  type Runtime,
  relu,
  sgd,
  startTraining,
  type TensorData,
  type Value,
} from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { fixedIntegers } from './vectors.ts';

const WIDTH = 6;
let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 2 });
});
afterAll(() => runtime.close());

const network = (lookup: Lookup, x: Value): Value => {
  const h = relu(linear(x, lookup('a', { shape: [8, WIDTH], start: { kind: 'he' } })));
  return linear(
    h,
    lookup('b', { shape: [2, 8], start: { kind: 'glorot' } }),
    lookup('c', { shape: [2], start: { kind: 'constant', value: 0 } }),
  );
};
const optionsFor = (n: number) => ({
  parameters: collectParameters((lookup, graph) => network(lookup, graph.input('x', [n, WIDTH]))),
  inputs: { x: { shape: [n, WIDTH] }, labels: { shape: [n], dtype: 'int64' as const } },
  objective: ({ lookup, inputs }: { lookup: Lookup; inputs: Readonly<Record<string, Value>> }) => ({
    loss: crossEntropy(network(lookup, inputs.x!), inputs.labels!),
  }),
  optimiser: sgd({ momentum: 0.5 }),
});

/** Two classes apart along one axis. */
function examples(n: number, seed: number): Record<string, TensorData> {
  const stream = openStream(randomKey(seed));
  const x = new Float32Array(n * WIDTH);
  stream.fillNormal(x);
  const labels = new BigInt64Array(n);
  for (let i = 0; i < n; i++) {
    labels[i] = BigInt(i % 2);
    x[i * WIDTH] = x[i * WIDTH]! + (i % 2 === 0 ? -2 : 2);
  }
  return { x: float32(x, [n, WIDTH]), labels: { dtype: 'int64', shape: [n], data: labels } };
}

function pick(batch: Record<string, TensorData>, rows: readonly number[]): Record<string, TensorData> {
  const { x, labels } = batch;
  const width = Float32Array.from(
    rows.flatMap(row => [...(x!.data as Float32Array).slice(row * WIDTH, (row + 1) * WIDTH)]),
  );
  const chosen = BigInt64Array.from(rows, row => (labels!.data as BigInt64Array)[row]!);
  return { x: float32(width, [rows.length, WIDTH]), labels: { dtype: 'int64', shape: [rows.length], data: chosen } };
}

async function openExamples(learningRate: number) {
  const step = buildExampleStep(optionsFor(1));
  return await openExampleTrainer(runtime, { step, state: startTraining(step, { key: randomKey(3) }), learningRate });
}

describe('gradients of single examples', () => {
  test('their mean, followed, is a step on the batch', async () => {
    const batch = examples(7, 1);
    const whole = buildTrainingStep(optionsFor(7));
    const trainer = await openTrainer(runtime, {
      step: whole,
      state: startTraining(whole, { key: randomKey(3) }),
      learningRate: () => 0.1,
    });
    const single = await openExamples(0.1);
    for (let round = 0; round < 3; round++) {
      await trainer.run(batch);
      const mean = new Float32Array(single.state.weights.length);
      let seen = 0;
      await single.visit(batch, gradient => {
        seen++;
        for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + gradient[i]! / 7;
      });
      expect(seen).toBe(7);
      await single.follow(mean);
    }
    for (const [i, weight] of single.state.weights.entries()) expect(weight).toBeCloseTo(trainer.state.weights[i]!, 5);
    expect(single.stepsDone).toBe(3);
    await trainer.close();
    await single.close();
  });

  test('take inputs of one example alone', () => {
    expect(() => buildExampleStep(optionsFor(2))).toThrow('expected one example');
  });
});

describe('private training', () => {
  test('without a reachable bound and next to no noise it is plain training', async () => {
    const [plain, priv] = [await openExamples(0.1), await openExamples(0.1)];
    const batch = examples(10, 2);
    const trainer = openPrivateTrainer(priv, {
      clipNorm: 100,
      noiseMultiplier: 1e-5,
      expectedExamples: 10,
      integers: fixedIntegers(1),
    });
    const { loss, clipped, examples: n } = await trainer.run(batch);
    expect([clipped, n]).toEqual([0, 10]);
    expect(loss).toBeGreaterThan(0.1);
    const mean = new Float32Array(plain.state.weights.length);
    await plain.visit(batch, gradient => {
      for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + gradient[i]! / 10;
    });
    await plain.follow(mean);
    // The lattice of this bound has steps of 1/8.
    for (const [i, weight] of priv.state.weights.entries())
      expect(Math.abs(weight - plain.state.weights[i]!)).toBeLessThan(0.1 * 0.13);
    await plain.close();
    await priv.close();
  });

  test('learns under a budget, and its ledger says what it cost', async () => {
    const data = examples(400, 5);
    const examplesTrainer = await openExamples(0.2);
    const integers = fixedIntegers(4);
    const trainer = openPrivateTrainer(examplesTrainer, {
      clipNorm: 1,
      noiseMultiplier: 1,
      expectedExamples: 40,
      integers,
    });
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) {
      const { loss, clipped, examples: n } = await trainer.run(pick(data, samplePoisson(400, 0.1, integers)));
      losses.push(loss!);
      expect(clipped).toBeLessThanOrEqual(n);
    }
    expect(losses[0]).toBeGreaterThan(0.6);
    expect(losses.slice(-5).reduce((sum, loss) => sum + loss / 5, 0)).toBeLessThan(0.25);
    const event = trainer.event({ released: 'model after 40 steps', to: 'server', samplingRate: 0.1, steps: 40 });
    const { epsilon } = spentOf([event], { delta: 1e-5 });
    // dp-accounting's RDP of noise 1, rate .1, 40 steps at orders 2 … 63: 5.434766.
    expect(epsilon.rdp).toBeCloseTo(5.434766, 3);
    await examplesTrainer.close();
  });

  test('an empty sample is noise alone, of the size that the ledger says', async () => {
    const examplesTrainer = await openExamples(1);
    const before = examplesTrainer.state.weights;
    const trainer = openPrivateTrainer(examplesTrainer, {
      clipNorm: 2,
      noiseMultiplier: 3,
      expectedExamples: 4,
      integers: fixedIntegers(4),
    });
    expect(await trainer.run({})).toEqual({ step: 1, examples: 0, clipped: 0, loss: null });
    const moved = examplesTrainer.state.weights.map((weight, i) => weight - before[i]!);
    const deviation = Math.sqrt(moved.reduce((sum, x) => sum + x * x, 0) / moved.length);
    // 3·2/4 = 1.5 in each of 66 coordinates; five deviations of the estimate.
    expect(Math.abs(deviation / 1.5 - 1)).toBeLessThan(5 / Math.sqrt(2 * 66));
    await examplesTrainer.close();
  });

  test('one example moves the sum by the clipping bound at most, and a gradient that is not finite changes nothing', async () => {
    const examplesTrainer = await openExamples(1);
    const trainer = openPrivateTrainer(examplesTrainer, {
      clipNorm: 0.5,
      noiseMultiplier: 1e-6,
      expectedExamples: 1,
      integers: fixedIntegers(2),
    });
    const before = examplesTrainer.state.weights;
    const loud = {
      x: float32(new Float32Array(WIDTH).fill(50), [1, WIDTH]),
      labels: { dtype: 'int64', shape: [1], data: BigInt64Array.of(0n) },
    } as const;
    expect(await trainer.run(loud)).toMatchObject({ clipped: 1 });
    const after = examplesTrainer.state.weights;
    const length = Math.hypot(...after.map((weight, i) => weight - before[i]!));
    expect(length).toBeLessThanOrEqual(0.5 * 1.011);
    expect(length).toBeGreaterThan(0.45);
    const broken = { ...loud, x: float32(new Float32Array(WIDTH).fill(Number.NaN), [1, WIDTH]) };
    await expect(trainer.run(broken)).rejects.toThrow('not finite');
    expect(examplesTrainer.state.weights).toBe(after);
    expect(examplesTrainer.stepsDone).toBe(1);
    await examplesTrainer.close();
  });
});

test('sampling amplifies the discrete Gaussian as it does the continuous one: against the sums themselves', () => {
  // One coordinate, noise of variance 4, sensitivity 3, rate .2: the divergences in both directions, summed over whole numbers.
  const [variance, shift, rate] = [4, 3, 0.2];
  const numbers = Array.from({ length: 401 }, (_, i) => i - 200);
  const weigh = (centre: number): number[] => {
    const weights = numbers.map(x => Math.exp(-((x - centre) ** 2) / (2 * variance)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map(weight => weight / total);
  };
  const [plain, moved] = [weigh(0), weigh(shift)];
  const mixed = plain.map((p, i) => (1 - rate) * p + rate * moved[i]!);
  const divergence = (p: readonly number[], q: readonly number[], order: number): number => {
    const terms = p.map((value, i) =>
      value === 0 || q[i] === 0 ? 0 : Math.exp(order * Math.log(value) + (1 - order) * Math.log(q[i]!)),
    );
    return Math.log(terms.reduce((sum, term) => sum + term, 0)) / (order - 1);
  };
  for (const order of [1.5, 2, 2.7, 3, 6, 8]) {
    const bound = poissonDiscreteGaussianRdp(order, {
      noiseMultiplier: Math.sqrt(variance) / shift,
      samplingRate: rate,
    });
    const removed = divergence(mixed, plain, order);
    if (Number.isInteger(order)) expect(bound / removed).toBeCloseTo(1, 9);
    expect(removed).toBeLessThanOrEqual(bound * (1 + 1e-9));
    expect(divergence(plain, mixed, order)).toBeLessThanOrEqual(bound);
  }
});
