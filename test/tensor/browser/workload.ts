import { randomKey } from '../../../src/ground/math/index.ts';
import * as t from '../../../src/kit/tensor/index.ts';
import { CASES } from '../training/cases.ts';
import { drawNumbers } from '../training/central-differences.ts';

// What is computed on every backend, to compare them: the same code runs in Node and in a page.

const SHAPE = [8, 2, 8, 8];

function network(lookup: t.Lookup, x: t.Value): t.Value {
  const weight = (name: string, shape: readonly number[]) => lookup(name, { shape, start: { kind: 'he' } });
  const constant = (name: string, size: number, value: number) =>
    lookup(name, { shape: [size], start: { kind: 'constant', value } });
  const pads = [1, 1, 1, 1] as const;
  const first = t.conv2d(x, weight('stem', [4, 2, 3, 3]), constant('stem.bias', 4, 0), { pads });
  const normal = t.groupNorm(first, { groups: 2, scale: constant('scale', 4, 1), bias: constant('bias', 4, 0) });
  const half = t.maxPool2d(t.silu(normal), { kernel: [2, 2], strides: [2, 2] });
  const wide = t.upsampleConv2d(half, weight('up', [4, 4, 3, 3]));
  return t.linear(t.flatten(t.gelu(wide)), weight('head', [3, 256]));
}

/** Losses of eight steps of Adam, in two parts of the batch. */
export async function trainSomeSteps(runtime: t.Runtime): Promise<number[]> {
  const parameters = t.collectParameters((lookup, graph) => network(lookup, graph.input('x', SHAPE)));
  const step = t.buildTrainingStep({
    parameters,
    inputs: { x: { shape: SHAPE }, labels: { shape: [8], dtype: 'int64' } },
    objective: ({ lookup, inputs }) => ({ loss: t.crossEntropy(network(lookup, inputs.x!), inputs.labels!) }),
    optimiser: t.adam(),
    emaDecay: 0.9,
    clipNorm: 1,
    parts: 2,
    vectorForm: runtime.device === 'webgpu' ? 'slices' : 'split',
  });
  const trainer = await t.openTrainer(runtime, {
    step,
    state: t.startTraining(step, { key: randomKey(1) }),
    learningRate: t.constantSchedule(0.01),
  });
  const batch = {
    x: t.float32(drawNumbers({ shape: SHAPE }, 3), SHAPE),
    labels: { dtype: 'int64', shape: [8], data: BigInt64Array.from([0, 1, 2, 0, 1, 2, 0, 1], BigInt) },
  } as const;
  const losses: number[] = [];
  for (let i = 0; i < 8; i++) losses.push((await trainer.run(batch)).loss);
  await trainer.close();
  return losses;
}

/** The gradients of every case of the gradient tests, joined for each case; or what the backend says instead. */
export async function gradientsOfCases(runtime: t.Runtime): Promise<Record<string, number[] | string>> {
  const found: Record<string, number[] | string> = {};
  for (const [name, { operands, build }] of Object.entries(CASES)) {
    const graph = new t.Graph();
    const values = Object.fromEntries(
      Object.entries(operands).map(([operand, { shape }]) => [operand, graph.input(operand, shape)]),
    );
    const y = build(values, graph);
    const shape = y.shape.map(Number);
    const weights = graph.constant(drawNumbers({ shape }, 100), shape);
    const slopes = t.gradients(t.reduceSum(t.mul(y, weights)), Object.values(values));
    for (const [i, slope] of slopes.entries()) graph.output(`gradient${i}`, slope);
    try {
      const session = await runtime.load(graph.build());
      const feeds = Object.fromEntries(
        Object.entries(operands).map(([operand, drawn], i) => [
          operand,
          t.float32(drawNumbers(drawn, 7 + i), drawn.shape),
        ]),
      );
      const out = await session.run(feeds);
      found[name] = slopes.flatMap((_, i) => Array.from(out[`gradient${i}`]!.data, Number));
      await session.close();
    } catch (error) {
      found[name] = String(error);
    }
  }
  return found;
}
