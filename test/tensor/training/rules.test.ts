import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messageOf } from '../../../src/ground/errors.ts';
import * as t from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';
import { RULES } from '../../../src/kit/tensor/training/rules/index.ts';
import { CASES, FIRST_ORDER_CASES } from './cases.ts';
import { compareWithDifferences } from './central-differences.ts';

const runtimes = new Map<string, t.Runtime>();
let noWebGpu = '';
beforeAll(async () => {
  runtimes.set('cpu', await openRuntime({ device: 'cpu', threads: 1 }));
  try {
    runtimes.set('webgpu', await openRuntime({ device: 'webgpu' }));
  } catch (error) {
    noWebGpu = messageOf(error);
  }
});
afterAll(async () => {
  await Promise.all([...runtimes.values()].map(runtime => runtime.close()));
});

describe.each(['cpu', 'webgpu'])('gradients equal central differences on %s', device => {
  test.for(Object.entries({ ...CASES, ...FIRST_ORDER_CASES }))('%s', async ([, entry], { skip }) => {
    const runtime = runtimes.get(device);
    if (runtime === undefined) return skip(noWebGpu);
    expect(await compareWithDifferences(runtime, entry)).toBeLessThan(2e-3);
  });
});

test('every rule is exercised by a case', () => {
  const seen = new Set<string>();
  for (const { operands, build } of Object.values({ ...CASES, ...FIRST_ORDER_CASES })) {
    const graph = new t.Graph();
    const values = Object.fromEntries(
      Object.entries(operands).map(([name, { shape }]) => [name, graph.input(name, shape)]),
    );
    const y = build(values, graph);
    t.gradients(t.reduceSum(y), Object.values(values));
    for (const { op } of [...graph.nodes, ...graph.composites.values()]) seen.add(op);
  }
  expect(Object.keys(RULES).filter(op => !seen.has(op) && op !== 'Identity' && op !== 'Sign')).toEqual([]);
});

test.for(['cpu', 'webgpu'])(
  'groups of a transposed convolution are summed each on its own on %s',
  async (device, { skip }) => {
    const runtime = runtimes.get(device);
    if (runtime === undefined) return skip(noWebGpu);
    const [channels, side, kernel] = [4, 3, 2] as const;
    const value = (i: number) => Math.sin(1 + 7 * i);
    const x = Float32Array.from({ length: channels * side * side }, (_, i) => value(i));
    const w = Float32Array.from({ length: channels * kernel * kernel }, (_, i) => value(i + 100));
    const bias = Float32Array.of(0.5, -2);
    const graph = new t.Graph();
    const weight = graph.constant(w, [channels, 1, kernel, kernel]);
    const input = graph.input('x', [1, channels, side, side]);
    graph.output('y', t.convTranspose2d(input, weight, graph.constant(bias, [2]), { groups: 2 }));
    const session = await runtime.load(graph.build());
    const y = (await session.run({ x: t.float32(x, [1, channels, side, side]) })).y!;
    await session.close();
    const out = side + kernel - 1;
    const expected = new Float64Array(2 * out * out).map((_, i) => bias[Math.floor(i / (out * out))]!);
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < side * side; i++)
        for (let k = 0; k < kernel * kernel; k++) {
          const row = Math.floor(i / side) + Math.floor(k / kernel);
          const column = (i % side) + (k % kernel);
          const at = (Math.floor(c / 2) * out + row) * out + column;
          expected[at]! += x[c * side * side + i]! * w[c * kernel * kernel + k]!;
        }
    expect(y.shape).toEqual([1, 2, out, out]);
    expect([...(y.data as Float32Array)]).toEqual([...expected].map(sum => expect.closeTo(sum, 5)));
  },
);
