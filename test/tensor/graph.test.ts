import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import * as t from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7) * 2);

/** Builds the graph of one operation, runs it, and returns its result with the shape that was inferred. */
async function evaluate(
  build: (graph: t.Graph) => t.Value,
): Promise<{ shape: readonly number[]; inferred: readonly t.Dim[]; data: number[] }> {
  const graph = new t.Graph();
  const value = build(graph);
  graph.output('result', value);
  const session = await runtime.load(graph.build());
  const { result } = await session.run({});
  await session.close();
  return { shape: result!.shape, inferred: value.shape, data: [...result!.data].map(Number) };
}

const x4 = (graph: t.Graph, shape: readonly number[] = [2, 4, 5, 6]) => graph.constant(ramp(t.sizeOf(shape)), shape);

// The engine computes the shape itself: an operation whose inference is wrong shows here.
describe('inferred shapes are those that the engine computes', () => {
  const operations: Record<string, (graph: t.Graph) => t.Value> = {
    'add, broadcast': g => t.add(x4(g), x4(g, [4, 1, 6])),
    conv2d: g => t.conv2d(x4(g), x4(g, [8, 4, 3, 3]), x4(g, [8]), { pads: [1, 1, 1, 1] }),
    'conv2d, strided, padded on one side': g =>
      t.conv2d(x4(g), x4(g, [8, 4, 3, 3]), undefined, { strides: [2, 2], pads: [0, 0, 1, 1] }),
    'conv2d, dilated': g => t.conv2d(x4(g), x4(g, [3, 4, 2, 2]), undefined, { dilations: [2, 3] }),
    'conv2d, depthwise': g => t.conv2d(x4(g), x4(g, [4, 1, 3, 3]), undefined, { groups: 4 }),
    convTranspose2d: g =>
      t.convTranspose2d(x4(g), x4(g, [4, 3, 3, 3]), x4(g, [3]), {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        outputPadding: [1, 1],
      }),
    depthToSpace: g => t.depthToSpace(x4(g), 2),
    spaceToDepth: g => t.spaceToDepth(x4(g, [2, 1, 4, 6]), 2),
    upsampleConv2d: g => t.upsampleConv2d(x4(g), x4(g, [3, 4, 3, 3]), x4(g, [3])),
    maxPool2d: g => t.maxPool2d(x4(g), { kernel: [3, 2], strides: [2, 2], pads: [0, 0, 1, 1] }),
    avgPool2d: g => t.avgPool2d(x4(g), { kernel: [2, 2], strides: [2, 1] }),
    globalAvgPool: g => t.globalAvgPool(x4(g)),
    batchNorm: g =>
      t.batchNorm(x4(g), {
        scale: x4(g, [4]),
        bias: x4(g, [4]),
        mean: x4(g, [4]),
        variance: g.constant(Float32Array.of(1, 2, 3, 4), [4]),
        epsilon: 1e-3,
      }),
    layerNorm: g => t.layerNorm(x4(g), { scale: x4(g, [6]), bias: x4(g, [6]) }),
    groupNorm: g => t.groupNorm(x4(g), { groups: 2, scale: x4(g, [4]), bias: x4(g, [4]) }),
    'matmul, broadcast': g => t.matmul(x4(g, [2, 1, 3, 4]), x4(g, [5, 4, 2])),
    linear: g => t.linear(x4(g, [3, 4]), x4(g, [7, 4]), x4(g, [7])),
    reshape: g => t.reshape(x4(g), [8, 30]),
    flatten: g => t.flatten(x4(g)),
    transpose: g => t.transpose(x4(g), [3, 0, 2, 1]),
    concat: g => t.concat([x4(g), x4(g, [2, 1, 5, 6])], { axis: 1 }),
    split: g => t.split(x4(g), [1, 3], { axis: 1 })[1]!,
    slice: g =>
      t.slice(x4(g), [
        { axis: 3, start: 1, end: 6, step: 2 },
        { axis: 0, start: 1, end: 2 },
      ]),
    pad: g => t.pad(x4(g), { before: [0, 0, 1, -1], after: [0, 2, 0, 3] }),
    gather: g => t.gather(x4(g), g.integers([2, 0]), { axis: 1 }),
    expand: g => t.expand(x4(g, [4, 1]), [2, 4, 3]),
    'unsqueeze, squeeze': g => t.squeeze(t.unsqueeze(x4(g, [3, 4]), [0, 3]), [0]),
    'resize, nearest': g => t.resize(x4(g), { height: 10, width: 3, mode: 'nearest' }),
    'resize, linear': g => t.resize(x4(g), { height: 7, width: 9, mode: 'linear' }),
    'reduceSum, all': g => t.reduceSum(x4(g)),
    'reduceMax, some': g => t.reduceMax(x4(g), { axes: [1, -1], keepDims: true }),
    argMax: g => t.argMax(x4(g), { axis: 2 }),
    topK: g => t.topK(x4(g), 3).indices,
    softmax: g => t.softmax(x4(g), { axis: 1 }),
    where: g => t.where(t.greater(x4(g), g.scalar(0)), x4(g), g.scalar(-1)),
    cast: g => t.cast(t.greater(x4(g), g.scalar(0)), 'uint8'),
    clip: g => t.clip(x4(g), { min: -1, max: 1 }),
    gelu: g => t.gelu(x4(g)),
    silu: g => t.silu(x4(g)),
  };
  test.each(Object.entries(operations))('%s', async (_, build) => {
    const { shape, inferred } = await evaluate(build);
    expect(inferred).toEqual(shape);
  });
});

describe('values', () => {
  test('silu, gelu and softmax against their formulas', async () => {
    const values = [-2, -0.5, 0, 1, 3];
    const of = (g: t.Graph) => g.constant(Float32Array.from(values), [5]);
    const close = (found: number[], wanted: number[]) =>
      expect(found.map((value, i) => Math.abs(value - wanted[i]!)).every(error => error < 1e-5)).toBe(true);
    close(
      (await evaluate(g => t.silu(of(g)))).data,
      values.map(v => v / (1 + Math.exp(-v))),
    );
    // scipy.stats.norm.cdf(v) · v
    close((await evaluate(g => t.gelu(of(g)))).data, [-0.04550026, -0.15426877, 0, 0.84134475, 2.99595031]);
    const total = values.reduce((sum, v) => sum + Math.exp(v), 0);
    close(
      (await evaluate(g => t.softmax(of(g)))).data,
      values.map(v => Math.exp(v) / total),
    );
  });

  test('group normalisation against its definition', async () => {
    const data = ramp(2 * 4 * 3 * 2);
    const [scale, bias] = [
      [1, 2, 3, 4],
      [0.5, -1, 0, 2],
    ];
    const { data: found } = await evaluate(g =>
      t.groupNorm(g.constant(data, [2, 4, 3, 2]), {
        groups: 2,
        scale: g.constant(Float32Array.from(scale), [4]),
        bias: g.constant(Float32Array.from(bias), [4]),
      }),
    );
    for (let group = 0; group < 4; group++) {
      const values = [...data.subarray(group * 12, group * 12 + 12)];
      const mean = values.reduce((a, b) => a + b) / 12;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 12;
      values.forEach((value, i) => {
        const channel = (group % 2) * 2 + Math.floor(i / 6);
        expect(found[group * 12 + i]).toBeCloseTo(
          ((value - mean) / Math.sqrt(variance + 1e-5)) * scale[channel]! + bias[channel]!,
          4,
        );
      });
    }
  });

  test('a padded average counts only what is there', async () => {
    const ones = (g: t.Graph) => g.constant(new Float32Array(9).fill(1), [1, 1, 3, 3]);
    const options = { kernel: [2, 2], pads: [1, 1, 0, 0] } as const;
    expect((await evaluate(g => t.avgPool2d(ones(g), options))).data[0]).toBe(1);
    expect((await evaluate(g => t.avgPool2d(ones(g), { ...options, countPadding: true }))).data[0]).toBe(0.25);
  });
});

describe('errors name the operation and the shapes', () => {
  test.each<[string, (g: t.Graph) => unknown]>([
    [
      'conv2d: input [1, 3, 8, 8] has 3 channels, weight [16, 4, 3, 3] expects 4',
      g => t.conv2d(g.input('x', [1, 3, 8, 8]), x4(g, [16, 4, 3, 3])),
    ],
    [
      'conv2d: input [1, 4, 2, 2] is smaller than the window of 3×3',
      g => t.conv2d(g.input('x', [1, 4, 2, 2]), x4(g, [16, 4, 3, 3])),
    ],
    ['conv2d: input [3, 8, 8] expected 4 axes', g => t.conv2d(g.input('x', [3, 8, 8]), x4(g, [16, 4, 3, 3]))],
    ['matmul: a [2, 3] has 3 columns, b [4, 5] has 4 rows', g => t.matmul(g.input('x', [2, 3]), x4(g, [4, 5]))],
    ['Add: shapes [2, 3] and [2, 4] do not broadcast', g => t.add(g.input('x', [2, 3]), x4(g, [2, 4]))],
    ['Add: operands are float32 and int64', g => t.add(g.input('x', [2]), g.integers([1, 2]))],
    ['reshape: [n, 6] cannot become [n, 7]', g => t.reshape(g.input('x', ['n', 6]), ['n', 7])],
    [
      'concat: [2, 3] and [3, 3] differ outside axis 1',
      g => t.concat([g.input('x', [2, 3]), x4(g, [3, 3])], { axis: 1 }),
    ],
    ['slice: 1:9:1 is outside axis 0 of [4]', g => t.slice(g.input('x', [4]), [{ axis: 0, start: 1, end: 9 }])],
    ['softmax: axis 2 is outside [2, 3]', g => t.softmax(g.input('x', [2, 3]), { axis: 2 })],
    ['constant: 3 numbers do not fill [2, 2]', g => g.constant(new Float32Array(3), [2, 2])],
    ['graph: the name "x" is used twice', g => [g.input('x', [1]), g.input('x', [1])]],
    ['Add: "x" belongs to another graph', g => t.add(g.input('y', [1]), new t.Graph().input('x', [1]))],
    ['graph: it has no output', g => g.build()],
  ])('%s', (message, build) => {
    expect(() => build(new t.Graph())).toThrow(message);
  });
});

test('upsampleConv2d equals a convolution of the enlarged image', async () => {
  const found = await evaluate(g => t.upsampleConv2d(x4(g), x4(g, [3, 4, 3, 3]), x4(g, [3])));
  const expected = await evaluate(g =>
    t.conv2d(t.resize(x4(g), { height: 10, width: 12, mode: 'nearest' }), x4(g, [3, 4, 3, 3]), x4(g, [3]), {
      pads: [1, 1, 1, 1],
    }),
  );
  expect(found.shape).toEqual(expected.shape);
  for (const [i, value] of expected.data.entries()) expect(found.data[i]).toBeCloseTo(value, 4);
});

describe('reading a model', () => {
  const graph = new t.Graph();
  const image = graph.input('image', ['n', 3, 8, 8]);
  graph.output('features', t.relu(t.conv2d(image, x4(graph, [4, 3, 3, 3]))));
  graph.output('same', image);
  const bytes = graph.build();

  test('tells inputs, outputs, operations, weights and versions', () => {
    expect(t.readModelInfo(bytes)).toEqual({
      irVersion: 10,
      opsets: { '': 21 },
      inputs: [{ name: 'image', shape: ['n', 3, 8, 8], dtype: 'float32' }],
      outputs: [
        { name: 'features', shape: ['n', 4, 6, 6], dtype: 'float32' },
        { name: 'same', shape: ['n', 3, 8, 8], dtype: 'float32' },
      ],
      nodes: [
        { op: 'Conv', domain: '', inputs: ['image', 'constant_1'], outputs: ['Conv_2'] },
        { op: 'Relu', domain: '', inputs: ['Conv_2'], outputs: ['features'] },
        { op: 'Identity', domain: '', inputs: ['image'], outputs: ['same'] },
      ],
      initialisers: [{ name: 'constant_1', shape: [4, 3, 3, 3], dtype: 'float32' }],
    });
  });

  test('what is no model is refused by name', () => {
    expect(() => t.readModelInfo(new TextEncoder().encode('not a model at all'), { file: 'a.onnx' })).toThrow(
      /^a\.onnx: not an ONNX model/,
    );
    expect(() => t.readModelInfo(new Uint8Array(), { file: 'a.onnx' })).toThrow('a.onnx: not an ONNX model');
    expect(() => t.readModelInfo(bytes.subarray(0, bytes.length - 40), { file: 'a.onnx' })).toThrow(
      /^a\.onnx: not an ONNX model/,
    );
  });

  test('damaged bytes end in an input error or in a description, never otherwise', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, length) => {
        const bad = bytes.slice(0, length);
        if (at < bad.length) bad[at] = byte;
        try {
          t.readModelInfo(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(BiolensError);
        }
      }),
      { numRuns: 3000, seed: 3 },
    );
  });
});
