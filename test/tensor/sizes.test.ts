import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as t from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

const weights = (graph: t.Graph, shape: readonly number[]) => graph.constant(new Float32Array(t.sizeOf(shape)), shape);
const image = (shape: readonly number[]) => ({ x: t.float32(new Float32Array(t.sizeOf(shape)), shape) });

/** What a derived name such as `(h-1)/2+1` stands for when h is known; division rounds down. */
function evaluateName(name: string, sizes: Readonly<Record<string, number>>): number {
  const text = Object.entries(sizes).reduce((rest, [key, size]) => rest.replaceAll(key, String(size)), name);
  const tokens = text.match(/\d+|[-+*/()]/g) ?? [];
  let at = 0;
  const atom = (): number => {
    const token = tokens[at++]!;
    if (token !== '(') return Number(token);
    const value = sum();
    at++;
    return value;
  };
  const product = (): number => {
    let value = atom();
    while (tokens[at] === '*' || tokens[at] === '/')
      value = tokens[at++] === '*' ? value * atom() : Math.floor(value / atom());
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-') value += (tokens[at++] === '+' ? 1 : -1) * product();
    return value;
  };
  return sum();
}

describe('sizes known only by name', () => {
  const operations: Record<string, (x: t.Value, graph: t.Graph) => t.Value> = {
    'conv2d that keeps the size': (x, g) => t.conv2d(x, weights(g, [2, 3, 3, 3]), undefined, { pads: [1, 1, 1, 1] }),
    'conv2d that shrinks': (x, g) => t.conv2d(x, weights(g, [2, 3, 3, 3])),
    'conv2d with strides, twice': (x, g) => {
      const options = { strides: [2, 2], pads: [1, 1, 1, 1] } as const;
      return t.conv2d(t.conv2d(x, weights(g, [3, 3, 3, 3]), undefined, options), weights(g, [2, 3, 3, 3]), undefined, {
        ...options,
        pads: [0, 0, 1, 2],
      });
    },
    maxPool2d: x => t.maxPool2d(x, { kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] }),
    convTranspose2d: (x, g) =>
      t.convTranspose2d(x, weights(g, [3, 2, 3, 3]), undefined, {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        outputPadding: [1, 1],
      }),
    'concat on such an axis': (x, g) => t.concat([x, t.expand(weights(g, [1, 1, 1, 1]), [1, 3, 4, 1]), x], { axis: 3 }),
    pad: x => t.pad(x, { before: [0, 0, 1, 2], after: [0, 0, 0, -3] }),
    'reshape with names that stay': x => t.reshape(x, [1, 3, 'h', 'w', 1]),
    'reshape with a name that moves': x => t.reshape(x, [1, 'h', 3, 'w']),
    resize: x => t.resize(x, { height: 31, width: 3, mode: 'linear' }),
  };
  test.each(Object.entries(operations))('%s', async (name, build) => {
    const graph = new t.Graph();
    const height = name.startsWith('concat') ? 4 : 'h';
    const value = build(graph.input('x', [1, 3, height, 'w']), graph);
    graph.output('y', value);
    const session = await runtime.load(graph.build());
    for (const [h, w] of [
      [4, 9],
      [4, 12],
      [11, 10],
    ] as const) {
      if (name.startsWith('concat') && h !== 4) continue;
      const { y } = await session.run(image([1, 3, h, w]));
      const named = value.shape.map(size => (typeof size === 'number' ? size : evaluateName(size, { h, w })));
      expect(named, `${t.formatShape(value.shape)} at ${h}×${w}`).toEqual(y!.shape);
    }
    await session.close();
  });

  test('paths that shrink alike can be added, others cannot', () => {
    const graph = new t.Graph();
    const x = graph.input('x', [1, 3, 'h', 'w']);
    const halve = () => t.maxPool2d(x, { kernel: [2, 2], strides: [2, 2] });
    expect(t.add(halve(), halve()).shape).toEqual([1, 3, '(h-2)/2+1', '(w-2)/2+1']);
    expect(() => t.add(halve(), x)).toThrow(
      'Add: shapes [1, 3, (h-2)/2+1, (w-2)/2+1] and [1, 3, h, w] do not broadcast',
    );
  });

  test('a reshape that would have to guess is refused', () => {
    const x = new t.Graph().input('x', ['n', 'h', 'w']);
    expect(() => t.reshape(x, ['w', 'n', 'h'])).toThrow('reshape: [n, h, w] cannot become [w, n, h]');
  });
});

// As scales in single precision, 7 → 31, 11 → 13 and 14 → 31 come out one short.
test.each([
  [7, 31],
  [11, 13],
  [14, 31],
  [512, 300],
])('resizing %i to %i gives just that', async (from, to) => {
  const graph = new t.Graph();
  graph.output('y', t.resize(graph.input('x', [1, 1, from, from]), { height: to, width: to, mode: 'linear' }));
  const session = await runtime.load(graph.build());
  expect((await session.run(image([1, 1, from, from]))).y!.shape).toEqual([1, 1, to, to]);
});

test('non-maximum suppression keeps the best of boxes that overlap', async () => {
  const graph = new t.Graph();
  const boxes = graph.input('boxes', [1, 4, 4]);
  const kept = t.nonMaxSuppression(boxes, graph.input('scores', [1, 1, 4]), {
    maxBoxes: 10,
    overlap: 0.5,
    minScore: 0.3,
  });
  expect(kept.shape[1]).toBe(3);
  graph.output('kept', kept);
  const session = await runtime.load(graph.build());
  // Boxes 0 and 1 overlap by 9/11, box 2 stands alone, box 3 scores too little.
  const corners = [0, 0, 10, 10, 0, 1, 10, 11, 20, 20, 30, 30, 50, 50, 60, 60];
  const { kept: found } = await session.run({
    boxes: t.float32(Float32Array.from(corners), [1, 4, 4]),
    scores: t.float32(Float32Array.of(0.6, 0.9, 0.5, 0.2), [1, 1, 4]),
  });
  expect([...found!.data].map(Number)).toEqual([0, 0, 1, 0, 0, 2]);
});

test.each<[string, (g: t.Graph) => unknown]>([
  ['unsqueeze: axes [3] are no places among 3 axes', g => t.unsqueeze(g.input('x', [2, 3]), [3])],
  ['unsqueeze: axes [0, 0] are no places among 4 axes', g => t.unsqueeze(g.input('x', [2, 3]), [0, 0])],
  [
    'pad: input [1, 2] is smaller than what is cropped',
    g => t.pad(g.input('x', [1, 2]), { before: [0, -3], after: [0, 0] }),
  ],
  ['ReduceSum: there are no axes to reduce', g => t.reduceSum(g.input('x', [2]), { axes: [] })],
  ['matmul: operands are float32 and int64', g => t.matmul(g.input('x', [2, 2]), g.input('y', [2, 2], 'int64'))],
  ['linear: bias [2] expected [4]', g => t.linear(g.input('x', [1, 3]), weights(g, [4, 3]), weights(g, [2]))],
  [
    'convTranspose2d: input [1, 1, 1, 1] leaves nothing after pads [1, 1, 1, 1]',
    g => t.convTranspose2d(g.input('x', [1, 1, 1, 1]), weights(g, [1, 1, 2, 2]), undefined, { pads: [1, 1, 1, 1] }),
  ],
  [
    'nonMaxSuppression: boxes [1, 5, 4] and scores [1, 2, 6] do not fit',
    g =>
      t.nonMaxSuppression(g.input('b', [1, 5, 4]), g.input('s', [1, 2, 6]), { maxBoxes: 1, overlap: 0.5, minScore: 0 }),
  ],
])('%s', (message, build) => {
  expect(() => build(new t.Graph())).toThrow(message);
});
