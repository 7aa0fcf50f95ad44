import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as t from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';
import { compareWithDifferences } from './central-differences.ts';

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

async function slopesOf(
  numbers: readonly number[],
  shape: readonly number[],
  build: (x: t.Value) => t.Value,
): Promise<number[]> {
  const graph = new t.Graph();
  const x = graph.input('x', shape);
  graph.output('dx', t.gradients(t.reduceSum(build(x)), [x])[0]!);
  const session = await runtime.load(graph.build());
  const { dx } = await session.run({ x: t.float32(Float32Array.from(numbers), shape) });
  await session.close();
  return Array.from(dx!.data, Number);
}

describe('where operands are equal', () => {
  test('the first largest pixel of a window takes the gradient', async () => {
    const pool = (x: t.Value) => t.maxPool2d(x, { kernel: [1, 3], strides: [1, 1] });
    expect(await slopesOf([0, 2, 2, 2], [1, 1, 1, 4], pool)).toEqual([0, 2, 0, 0]);
  });

  test('maximum and reduceMax share it', async () => {
    expect(await slopesOf([3, 3, 1], [3], x => t.reduceMax(x))).toEqual([0.5, 0.5, 0]);
    expect(await slopesOf([0, 1, -1], [3], x => t.maximum(x, x.graph.scalar(0)))).toEqual([0.5, 1, 0]);
  });

  test('relu is flat at 0, and clip is not at its bounds', async () => {
    expect(await slopesOf([-1, 0, 2], [3], t.relu)).toEqual([0, 0, 1]);
    expect(await slopesOf([-2, -1, 0, 1, 2], [5], x => t.clip(x, { min: -1, max: 1 }))).toEqual([0, 1, 1, 1, 0]);
  });
});

describe('gradients', () => {
  test('adds up over all ways to the loss', async () => {
    expect(await slopesOf([3], [1], x => t.add(t.mul(x, x), t.mul(x, x.graph.scalar(4))))).toEqual([10]);
  });

  test('differentiates only what leads to the values asked for', () => {
    const graph = new t.Graph();
    const [x, w] = [graph.input('x', [2, 4]), graph.input('w', [2, 4])];
    const ranks = t.topK(x, 4).values;
    const loss = t.reduceSum(t.mul(ranks, w));
    expect(t.gradients(loss, [w])[0]?.shape).toEqual([2, 4]);
    expect(() => t.gradients(loss, [x])).toThrow('gradients: the operation TopK of [2, 4], [1] has no gradient rule');
  });

  test('gives zeros for what the loss does not depend on', async () => {
    expect(await slopesOf([1, 2], [2], x => t.cast(t.greater(x, x.graph.scalar(0)), 'float32'))).toEqual([0, 0]);
  });

  test('refuses a loss of more than one number, and values that are not real numbers', () => {
    const graph = new t.Graph();
    const x = graph.input('x', [3]);
    expect(() => t.gradients(x, [x])).toThrow('the loss is float32 [3], expected one float32 number');
    const labels = graph.input('labels', [3], 'int64');
    expect(() => t.gradients(t.reduceSum(x), [labels])).toThrow('"labels" is int64, expected float32');
  });

  test('says which sizes must be known', () => {
    const graph = new t.Graph();
    const x = graph.input('x', ['n', 3]);
    expect(() => t.gradients(t.reduceMean(x), [x])).toThrow('gradient of ReduceMean: [n, 3] must have fixed sizes');
  });
});

test('a network of convolutions, normalisation and attention has the gradient of its differences', async () => {
  const worst = await compareWithDifferences(runtime, {
    operands: {
      x: { shape: [2, 2, 8, 8] },
      stem: { shape: [4, 2, 3, 3] },
      down: { shape: [4, 4, 3, 3] },
      scale: { shape: [4] },
      bias: { shape: [4] },
      qkv: { shape: [12, 4, 1, 1] },
      up: { shape: [2, 4, 3, 3] },
    },
    build: ({ x, stem, down, scale, bias, qkv, up }, graph) => {
      const norm = (h: t.Value) => t.groupNorm(h, { groups: 2, scale: scale!, bias: bias! });
      const same = { pads: [1, 1, 1, 1] } as const;
      const first = t.silu(norm(t.conv2d(x!, stem!, undefined, same)));
      const small = t.conv2d(first, down!, undefined, { ...same, strides: [2, 2] });
      const heads = t.reshape(t.conv2d(norm(small), t.mul(qkv!, graph.scalar(0.5))), [2, 6, 2, 16]);
      const [q, k, v] = t.split(t.transpose(heads, [0, 1, 3, 2]), [2, 2, 2], { axis: 1 });
      const attended = t.reshape(t.transpose(t.attention(q!, k!, v!), [0, 1, 3, 2]), [2, 4, 4, 4]);
      const large = t.resize(t.add(small, attended), { height: 8, width: 8, mode: 'nearest' });
      return t.conv2d(t.silu(norm(t.add(large, first))), up!, undefined, same);
    },
  });
  expect(worst).toBeLessThan(2e-3);
}, 60_000);
