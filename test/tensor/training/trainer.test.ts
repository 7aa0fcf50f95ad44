import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldIn, randomKey } from '../../../src/ground/math/index.ts';
import * as t from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7) * 0.5);
const SHAPES = { x: { shape: [5, 2, 4, 4] }, labels: { shape: [5], dtype: 'int64' } } as const;
const batch = {
  x: t.float32(
    ramp(160).map(value => value * 2),
    SHAPES.x.shape,
  ),
  labels: { dtype: 'int64', shape: [5], data: BigInt64Array.of(3n, 0n, 1n, 1n, 2n) },
} as const;

function network(lookup: t.Lookup, x: t.Value): t.Value {
  const get = (name: string, shape: readonly number[]) => lookup(name, { shape, start: { kind: 'glorot' } });
  const bias = (name: string, size: number) => lookup(name, { shape: [size], start: { kind: 'constant', value: 0 } });
  const h = t.tanh(t.conv2d(x, get('conv.weight', [3, 2, 3, 3]), bias('conv.bias', 3), { pads: [1, 1, 1, 1] }));
  return t.linear(t.flatten(h), get('head.weight', [4, 48]), bias('head.bias', 4));
}
const parameters = t.collectParameters((lookup, graph) => network(lookup, graph.input('x', SHAPES.x.shape)));

function build(options: Omit<t.TrainingStepOptions, 'parameters' | 'inputs' | 'objective'>): t.TrainingStep {
  return t.buildTrainingStep({
    parameters,
    inputs: SHAPES,
    objective: ({ lookup, inputs }) => ({ loss: t.crossEntropy(network(lookup, inputs.x!), inputs.labels!) }),
    ...options,
  });
}

/** Largest deviation of two lists, relative to the largest number. */
function deviation(found: ArrayLike<number>, expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - found[i]!))) / largest;
}

interface Record20 {
  readonly losses: number[];
  readonly weights: number[];
  readonly average: number[];
}

// PyTorch 2.15: 20 steps on the batch above of conv2d(2 → 3, 3×3, padding 1), tanh, linear(48 → 4), cross_entropy; each parameter starts as
// sin(1.7·i) / 2. SGD(lr=.05) · SGD(lr=.02, momentum=.9, weight_decay=.1) · Adam(lr=.02) · Adam(lr=.02, betas=(.8, .95), weight_decay=.1) with
// clip_grad_norm_(.5) · AdamW(lr=.02, betas=(.9, .99), weight_decay=.2) with LambdaLR(min((i + 1) / 5, 1)). average ← .9·average + .1·weights.
const fixture: Record<string, Record20> = JSON.parse(
  readFileSync(new URL('./fixtures/optimisers.json', import.meta.url), 'utf8'),
);
const warmUp = t.warmUpSchedule({ steps: 5, base: t.constantSchedule(0.02) });
const RUNS: Record<string, { rate: t.Schedule; optimiser: t.Optimiser; clipNorm?: number }> = {
  sgd: { rate: t.constantSchedule(0.05), optimiser: t.sgd() },
  'sgd, momentum and weight decay': {
    rate: t.constantSchedule(0.02),
    optimiser: t.sgd({ momentum: 0.9, weightDecay: 0.1 }),
  },
  adam: { rate: t.constantSchedule(0.02), optimiser: t.adam() },
  'adam, weight decay and clipping': {
    rate: t.constantSchedule(0.02),
    optimiser: t.adam({ beta1: 0.8, beta2: 0.95, weightDecay: 0.1 }),
    clipNorm: 0.5,
  },
  adamW: { rate: warmUp, optimiser: t.adamW({ beta2: 0.99, weightDecay: 0.2 }) },
};

describe('20 steps equal those of PyTorch', () => {
  const forms = [
    { form: 'split', parts: 1 },
    { form: 'slices', parts: 1 },
    { form: 'split', parts: 5 },
  ] as const;
  const cases = Object.entries(RUNS).flatMap(([name, run]) => forms.map(form => ({ name, ...form, ...run })));
  test.each(cases)('$name, parameters cut by $form, $parts part(s)', async ({ name, form, rate, ...options }) => {
    const step = build({ ...options, emaDecay: 0.9, vectorForm: form });
    const weights = Float32Array.from(parameters.list.flatMap(({ shape }) => [...ramp(t.sizeOf(shape))]));
    const trainer = await t.openTrainer(runtime, {
      step,
      state: t.startTraining(step, { weights }),
      learningRate: rate,
    });
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) losses.push((await trainer.run(batch)).loss);
    await trainer.close();
    const expected = fixture[name]!;
    expect(deviation(losses, expected.losses)).toBeLessThan(1e-5);
    expect(deviation(trainer.state.weights, expected.weights)).toBeLessThan(2e-5);
    expect(deviation(trainer.state.average!, expected.average)).toBeLessThan(2e-5);
  });
});

describe('a trainer', () => {
  const step = build({ optimiser: t.adam(), clipNorm: 1, emaDecay: 0.99 });
  const learningRate = t.cosineSchedule({ initial: 0.05, steps: 12 });
  const open = (state: t.TrainingState) => t.openTrainer(runtime, { step, state, learningRate });

  test('that is resumed from a file goes on as if it had not stopped', async () => {
    const whole = await open(t.startTraining(step, { key: randomKey(3) }));
    const losses: number[] = [];
    let bytes = new Uint8Array();
    for (let i = 0; i < 12; i++) {
      losses.push((await whole.run(batch)).loss);
      if (i === 4) bytes = Uint8Array.from(t.writeTrainingState(step, whole.state));
    }
    const resumed = await open(t.readTrainingState(step, bytes));
    expect(resumed.state.step).toBe(5);
    const rest: number[] = [];
    for (let i = 5; i < 12; i++) rest.push((await resumed.run(batch)).loss);
    expect(rest).toEqual(losses.slice(5));
    expect(t.writeTrainingState(step, resumed.state)).toEqual(t.writeTrainingState(step, whole.state));
    await whole.close();
    await resumed.close();
  });

  test('keeps its state when a loss is no finite number', async () => {
    const trainer = await open(t.startTraining(step, { key: randomKey(3) }));
    await trainer.run(batch);
    const before = trainer.state;
    const broken = { ...batch, x: t.float32(new Float32Array(160).fill(Number.NaN), SHAPES.x.shape) };
    await expect(trainer.run(broken)).rejects.toThrow('step 2: the loss is NaN');
    expect(trainer.state).toBe(before);
    expect((await trainer.run(batch)).step).toBe(2);
    await trainer.close();
  });

  test('joins what the parts of a batch give, and goes on after a failed step', async () => {
    const objective: t.TrainingStepOptions['objective'] = ({ lookup, inputs }) => {
      const logits = network(lookup, inputs.x!);
      return { loss: t.crossEntropy(logits, inputs.labels!), outputs: { logits, mean: t.reduceMean(logits) } };
    };
    const given = { parameters, inputs: SHAPES, objective, optimiser: t.sgd() };
    const runs = [1, 5].map(async parts => {
      const step = t.buildTrainingStep({ ...given, parts });
      const trainer = await t.openTrainer(runtime, {
        step,
        state: t.startTraining(step, { key: randomKey(3) }),
        learningRate: t.constantSchedule(0.1),
      });
      const broken = { ...batch, x: t.float32(new Float32Array(160).fill(Number.NaN), SHAPES.x.shape) };
      await expect(trainer.run(broken)).rejects.toThrow('step 1: the loss is NaN');
      const { outputs, loss } = await trainer.run(batch);
      await trainer.close();
      return { loss, logits: outputs.logits!, mean: Number(outputs.mean!.data[0]) };
    });
    const [whole, parts] = await Promise.all(runs);
    expect(parts!.logits.shape).toEqual([5, 4]);
    expect(deviation(parts!.logits.data as Float32Array, [...(whole!.logits.data as Float32Array)])).toBeLessThan(1e-6);
    expect(parts!.mean).toBeCloseTo(whole!.mean, 6);
    expect(parts!.loss).toBeCloseTo(whole!.loss, 6);
    expect(() => t.buildTrainingStep({ ...given, parts: 2 })).toThrow(
      '"x" of [5, 2, 4, 4] cannot be split into 2 parts',
    );
  });

  test('keeps a state that was read, whatever comes after', async () => {
    const trainer = await open(t.startTraining(step, { key: randomKey(3) }));
    await trainer.run(batch);
    const { weights } = trainer.state;
    const before = weights.slice();
    for (let i = 0; i < 3; i++) await trainer.run(batch);
    expect(weights).toEqual(before);
    await trainer.close();
  });

  test('takes other states over: one step trains many models, each as if it had a trainer of its own', async () => {
    const step = build({ optimiser: t.sgd({ momentum: 0.9 }) });
    const learningRate = t.constantSchedule(0.1);
    const [first, second] = [1, 2].map(seed => t.startTraining(step, { key: randomKey(seed) }));
    const alone = await t.openTrainer(runtime, { step, state: second!, learningRate });
    const shared = await t.openTrainer(runtime, { step, state: first!, learningRate });
    await shared.run(batch);
    await shared.run(batch);
    const held = shared.state;
    const kept = held.weights.slice();
    shared.fill(second!);
    expect(shared.stepsDone).toBe(0);
    for (const trainer of [alone, shared]) await trainer.run(batch);
    expect(shared.state).toEqual(alone.state);
    expect(held.weights).toEqual(kept);
    expect(second!.weights).toEqual(t.startTraining(step, { key: randomKey(2) }).weights);
    expect(() => shared.fill({ ...second!, memory: {} })).toThrow(/the state is of another step of training/);
    expect(() => shared.fill({ ...second!, weights: new Float32Array(3) })).toThrow(/another step of training/);
    await alone.close();
    await shared.close();
  });

  test('runs one step at a time', async () => {
    const trainer = await open(t.startTraining(step, { key: randomKey(3) }));
    const first = trainer.run(batch);
    await expect(trainer.run(batch)).rejects.toThrow('the step before has not finished');
    expect((await first).step).toBe(1);
    await trainer.close();
  });

  test('names what is wrong with a file of its state', () => {
    const state = t.startTraining(step, { key: randomKey(3) });
    const bytes = t.writeTrainingState(step, state);
    const cut = () => t.readTrainingState(step, bytes.subarray(0, bytes.length - 1), { file: 'a.safetensors' });
    expect(cut).toThrow('a.safetensors: cut short: tensor "weights/head.weight"');
    const other = build({ optimiser: t.sgd({ momentum: 0.9 }) });
    expect(() => t.readTrainingState(other, bytes)).toThrow('state: "optimiser" expected sgd, got adam');
    const foreign = t.writeSafetensors(parameters.toTensors(state.weights));
    expect(() => t.readTrainingState(step, foreign)).toThrow('not a state of training');
  });
});

describe('parameters', () => {
  test('go out by name and come back', () => {
    const weights = parameters.draw(randomKey(1));
    const tensors = t.readSafetensors(t.writeSafetensors(parameters.toTensors(weights))).tensors;
    expect(tensors['conv.weight']?.shape).toEqual([3, 2, 3, 3]);
    expect(parameters.fromTensors(tensors)).toEqual(weights);
    const { 'head.bias': _, ...rest } = tensors;
    expect(() => parameters.fromTensors(rest, { file: 'w' })).toThrow('w: tensor "head.bias" is missing');
    expect(() => parameters.fromTensors({ ...tensors, more: tensors['head.bias']! })).toThrow('tensor "more" is none');
    const turned = { ...tensors, 'head.weight': t.float32(new Float32Array(192), [48, 4]) };
    expect(() => parameters.fromTensors(turned)).toThrow('"head.weight" expected float32 [4, 48], got float32 [48, 4]');
  });

  test('are constants of a graph for inference, used once each', async () => {
    const graph = new t.Graph();
    const weights = parameters.draw(randomKey(1));
    const lookup = parameters.constantsIn(graph, weights);
    graph.output('y', network(lookup, graph.input('x', SHAPES.x.shape)));
    network(lookup, graph.inputs[0]!);
    expect(graph.initialisers.filter(({ name }) => name === 'conv.weight')).toHaveLength(1);
    const session = await runtime.load(graph.build());
    expect((await session.run({ x: batch.x })).y?.shape).toEqual([5, 4]);
    await session.close();
  });

  test('start with the variances of their kinds, whatever else is declared', () => {
    const shape = [50, 40, 3, 3];
    const starts: readonly t.Start[] = [{ kind: 'he' }, { kind: 'glorot' }, { kind: 'normal', stdDev: 0.3 }];
    const expected = [2 / 360, 2 / (90 * 9), 0.09];
    for (const [i, start] of starts.entries()) {
      const set = new t.ParameterSet([{ name: 'w', shape, start }]);
      const drawn = set.draw(randomKey(5));
      // 18,000 numbers: the variance has a relative deviation of about 1 %, and 5 % is five of those.
      const variance = drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length;
      expect(Math.abs(variance / expected[i]! - 1)).toBeLessThan(0.05);
      const more = new t.ParameterSet([
        { name: 'b', shape: [2], start: { kind: 'constant', value: 7 } },
        { name: 'w', shape, start },
      ]);
      expect(more.draw(randomKey(5))).toEqual(Float32Array.of(7, 7, ...drawn));
    }
  });

  test('must be asked for in one shape', () => {
    const start = { kind: 'constant', value: 0 } as const;
    const twice = (lookup: t.Lookup) => [lookup('w', { shape: [2], start }), lookup('w', { shape: [3], start })];
    expect(() => t.collectParameters(twice)).toThrow('parameter "w" is [2], asked for [3]');
  });
});

test('schedules rise, fall and stay', () => {
  const rate = t.warmUpSchedule({ steps: 4, base: t.cosineSchedule({ initial: 8, final: 2, steps: 5 }) });
  expect([1, 2, 3, 4, 6, 8, 20].map(step => Math.round(rate(step) * 1e9) / 1e9)).toEqual([2, 4, 6, 8, 5, 2, 2]);
});

test('a dropout mask is a function of its key and step, and keeps what it should', () => {
  const key = foldIn(randomKey(2), 'dropout');
  const mask = (step: number) => t.drawDropoutMask(key, { step, shape: [100, 100], rate: 0.3 }).data;
  expect(mask(4)).toEqual(mask(4));
  expect(mask(5)).not.toEqual(mask(4));
  const kept = Array.from(mask(4), Number).reduce((sum, bit) => sum + bit, 0);
  // Binomial(10,000, .7): a deviation of 46; five of them.
  expect(Math.abs(kept - 7000)).toBeLessThan(230);
});
