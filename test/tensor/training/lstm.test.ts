import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import * as t from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';

const tensor = z.object({ shape: z.array(z.number()), data: z.array(z.number()) });
/** Two layers of PyTorch's LSTM, their output, ends and gradients; made by fixtures/lstm.py. */
const vectors = z
  .object({
    x: tensor,
    output: tensor,
    h: tensor,
    c: tensor,
    weights: z.record(z.string(), tensor),
    gradients: z.record(z.string(), tensor),
  })
  .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/lstm.json'), 'utf8')));

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

const near = (actual: ArrayLike<number | bigint>, expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => void expect(Number(actual[i])).toBeCloseTo(value, 5));
};

test('two layers give what PyTorch gives, and so do their gradients', async () => {
  const graph = new t.Graph();
  const input = (name: string, { shape }: z.infer<typeof tensor>) => graph.input(name, shape);
  const values = Object.fromEntries(Object.entries(vectors.weights).map(([name, value]) => [name, input(name, value)]));
  const x = input('x', vectors.x);
  const layer = (i: number) => ({
    input: values[`input${i}`]!,
    hidden: values[`hidden${i}`]!,
    bias: values[`bias${i}`]!,
  });
  const first = t.lstm(x, layer(0));
  const second = t.lstm(first.output, layer(1));
  graph.output('output', second.output);
  graph.output('h', second.end.h);
  graph.output('c', second.end.c);
  // The loss of the fixture: mean of the squared output, and the sum of both layers' last c.
  const loss = t.add(t.reduceMean(t.mul(second.output, second.output)), t.reduceSum(t.add(first.end.c, second.end.c)));
  const names = Object.keys(vectors.gradients);
  const slopes = t.gradients(
    loss,
    names.map(name => (name === 'x' ? x : values[name]!)),
  );
  slopes.forEach((slope, i) => void graph.output(`d ${names[i]}`, slope));
  const session = await runtime.load(graph.build());
  const feeds = Object.entries({ x: vectors.x, ...vectors.weights }).map(
    ([name, { data, shape }]) => [name, t.float32(Float32Array.from(data), shape)] as const,
  );
  const found = await session.run(Object.fromEntries(feeds));
  near(found.output!.data, vectors.output.data);
  near(found.h!.data, vectors.h.data);
  near(found.c!.data, vectors.c.data);
  for (const name of names) near(found[`d ${name}`]!.data, vectors.gradients[name]!.data);
  await session.close();
});

test('eighty steps of two layers are a small model', () => {
  const [steps, width] = [80, 256];
  const graph = new t.Graph();
  const layer = (name: string, into: number) => ({
    input: graph.input(`${name}.input`, [4 * width, into]),
    hidden: graph.input(`${name}.hidden`, [4 * width, width]),
    bias: graph.input(`${name}.bias`, [4 * width]),
  });
  const [one, two] = [layer('one', 8), layer('two', width)];
  const { output } = t.lstm(t.lstm(graph.input('x', [steps, 10, 8]), one).output, two);
  const slopes = t.gradients(t.reduceSum(output), [...Object.values(one), ...Object.values(two)]);
  slopes.forEach((slope, i) => void graph.output(`slope${i}`, slope));
  // Unrolled it would be thousands of nodes.
  expect(graph.nodes.length).toBeLessThan(120);
});

test('sizes that do not fit are refused, and a gradient of the gradient says that there is none', () => {
  const graph = new t.Graph();
  const weights = { input: graph.input('i', [12, 2]), hidden: graph.input('h', [12, 3]), bias: graph.input('b', [12]) };
  const x = graph.input('x', [4, 2, 2]);
  expect(() => t.lstm(graph.input('flat', [4, 2]), weights)).toThrow('lstm: input');
  expect(() => t.lstm(graph.input('open', ['n', 2, 2]), weights)).toThrow('lstm');
  expect(() => t.lstm(x, { ...weights, hidden: graph.input('square', [3, 3]) })).toThrow('expected [12, 3]');
  expect(() => t.lstm(x, { ...weights, input: graph.input('narrow', [9, 2]) })).toThrow('expected 12 rows');
  const state = graph.input('state', [1, 3]);
  expect(() => t.lstm(x, weights, { start: { h: state, c: state } })).toThrow('start h');
  const [slope] = t.gradients(t.reduceSum(t.lstm(x, weights).output), [x]);
  expect(() => t.gradients(t.reduceSum(t.mul(slope!, slope!)), [x])).toThrow('the operation Scan');
});
