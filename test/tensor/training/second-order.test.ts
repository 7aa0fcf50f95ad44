import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as t from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';
import { CASES, type Case } from './cases.ts';
import { compareWithDifferences, drawNumbers } from './central-differences.ts';

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

/** The gradients of Σ r·(y² + y) in one row: squares, so that also what is linear in an operand has a second derivative. */
function gradientsOf({ operands, build }: Case): Case {
  return {
    operands,
    build: (values, graph) => {
      const y = build(values, graph);
      const shape = y.shape.map(Number);
      const weights = graph.constant(drawNumbers({ shape }, 5), shape);
      const slopes = t.gradients(t.reduceSum(t.mul(t.add(t.mul(y, y), y), weights)), Object.values(values));
      return t.concat(
        slopes.map(slope => t.reshape(slope, [t.sizeOf(slope.shape.map(Number))])),
        { axis: 0 },
      );
    },
  };
}

describe('gradients of gradients equal central differences', () => {
  test.each(Object.entries(CASES))('%s', async (_, entry) => {
    expect(await compareWithDifferences(runtime, gradientsOf(entry))).toBeLessThan(2e-3);
  });
});

test("R1, the mean square of a discriminator's slope, has the gradient of its differences", async () => {
  const worst = await compareWithDifferences(runtime, {
    operands: {
      x: { shape: [2, 2, 8, 8] },
      stem: { shape: [3, 2, 3, 3] },
      down: { shape: [4, 3, 4, 4] },
      wide: { shape: [4, 4, 3, 3] },
      head: { shape: [1, 16] },
      bias: { shape: [4] },
    },
    build: ({ x, stem, down, wide, head, bias }) => {
      const same = { pads: [1, 1, 1, 1] } as const;
      const first = t.softplus(t.conv2d(x!, stem!, undefined, same));
      const half = t.softplus(t.conv2d(first, down!, bias!, { ...same, strides: [2, 2] }));
      const mixed = t.softplus(t.conv2d(half, wide!, undefined, same));
      const scores = t.linear(t.flatten(t.avgPool2d(mixed, { kernel: [2, 2], strides: [2, 2] })), head!);
      const [slope] = t.gradients(t.reduceSum(scores), [x!]);
      return t.reduceMean(t.reduceSum(t.mul(slope!, slope!), { axes: [1, 2, 3] }));
    },
  });
  expect(worst).toBeLessThan(2e-3);
});

test('R1 of a leaky network is exact where it is quadratic in the weights', async () => {
  // D(x) = v·leaky(w·x) with the same side of the kink everywhere: |∇D|² = (v·w)² and its slope in w is 2·v²·w.
  const graph = new t.Graph();
  const [x, w, v] = [graph.input('x', [1, 3]), graph.input('w', [1, 3]), graph.input('v', [1, 1])];
  const [slope] = t.gradients(t.reduceSum(t.linear(t.leakyRelu(t.linear(x, w)), v)), [x]);
  const penalty = t.reduceSum(t.mul(slope!, slope!));
  const [dw, dx] = t.gradients(penalty, [w, x]);
  graph.output('dw', dw!);
  graph.output('dx', dx!);
  const session = await runtime.load(graph.build());
  const numbers = (...values: number[]) => t.float32(Float32Array.from(values), [1, values.length]);
  const right = await session.run({ x: numbers(1, 2, 3), w: numbers(0.5, 1, -0.25), v: numbers(2) });
  expect([...right.dw!.data]).toEqual([4, 8, -2]);
  expect([...right.dx!.data]).toEqual([0, 0, 0]);
  const left = await session.run({ x: numbers(-1, -2, -3), w: numbers(0.5, 1, -0.25), v: numbers(2) });
  expect(Array.from(left.dw!.data, Number).map(value => Math.round(value * 1e6) / 1e6)).toEqual([0.16, 0.32, -0.08]);
  await session.close();
});
