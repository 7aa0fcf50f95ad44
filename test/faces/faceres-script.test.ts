import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { expect, test } from 'vitest';
import { modelCardSchema } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

const tf: typeof import('@tensorflow/tfjs') = createRequire(import.meta.url)('@tensorflow/tfjs');
const SIDE = 224;
const stream = openStream(randomKey(31));

/** The 16 bits nearest to a number of usual size. */
function toHalf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | (((exponent + 15) << 10) + fraction);
}

/** A graph of the same kinds of operation as faceres, in miniature: 3 → 4 → 4 → 6 numbers a pixel. */
function smallGraph() {
  const nodes: unknown[] = [{ name: 'input_1', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } }];
  const specs: unknown[] = [];
  const halves: number[] = [];
  const weight = (name: string, shape: readonly number[], values: readonly number[]): string => {
    specs.push({ name, shape, dtype: 'float32', quantization: { dtype: 'float16', original_dtype: 'float32' } });
    halves.push(...values.map(toHalf));
    nodes.push({ name, op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } });
    return name;
  };
  const random = (name: string, ...shape: readonly number[]): string =>
    weight(name, shape, Array.from(stream.fillNormal(new Float32Array(shape.reduce((a, b) => a * b)))));
  let at = 'input_1';
  const node = (name: string, op: string, more: readonly string[], attr: object = {}): void => {
    nodes.push({ name, op, input: [at, ...more], attr: { T: { type: 'DT_FLOAT' }, ...attr } });
    at = name;
  };
  const window = (stride: number) => ({
    strides: { list: { i: ['1', `${stride}`, `${stride}`, '1'] } },
    dilations: { list: { i: ['1', '1', '1', '1'] } },
    padding: { s: 'U0FNRQ==' },
    data_format: { s: 'TkhXQw==' },
    explicit_paddings: { list: {} },
  });
  const clipped = (name: string): void => {
    node(`${name}/Relu`, 'Relu', []);
    node(`${name}/Minimum`, 'Minimum', [weight(`${name}/six`, [], [6])]);
    node(`${name}/Maximum`, 'Maximum', [weight(`${name}/none`, [], [0])]);
  };
  node('conv1', 'Conv2D', [random('conv1/kernel', 3, 3, 3, 4)], window(2));
  node('conv1/add', 'Add', [random('conv1/offset', 4)]);
  clipped('conv1');
  node('dw', 'DepthwiseConv2dNative', [random('dw/kernel', 3, 3, 4, 1)], window(2));
  node('dw/mul', 'Mul', [random('dw/scale', 4)]);
  node('dw/add', 'Add', [random('dw/offset', 4)]);
  clipped('dw');
  node('pw', 'Conv2D', [random('pw/kernel', 1, 1, 4, 6)], window(1));
  clipped('pw');
  specs.push({ name: 'axes', shape: [2], dtype: 'int32' });
  nodes.push({ name: 'axes', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } });
  node('global_pooling/Mean', 'Mean', ['axes'], { keep_dims: { b: false }, Tidx: { type: 'DT_INT32' } });
  const bytes = Buffer.concat([Buffer.from(Uint16Array.from(halves).buffer), Buffer.from(Int32Array.of(1, 2).buffer)]);
  return { topology: { node: nodes, library: {}, versions: { producer: 1 } }, specs, bytes };
}

test('scripts/faceres.ts makes an ONNX model that computes what TensorFlow.js does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-faceres-'));
  const { topology, specs, bytes } = smallGraph();
  const manifest = [{ paths: ['faceres.bin'], weights: specs }];
  writeFileSync(join(folder, 'faceres.json'), JSON.stringify({ modelTopology: topology, weightsManifest: manifest }));
  writeFileSync(join(folder, 'faceres.bin'), bytes);
  const output = join(folder, 'model.onnx');
  execFileSync(process.execPath, [resolve('scripts/faceres.ts'), join(folder, 'faceres.json'), '-o', output]);
  expect(modelCardSchema.parse(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')))).toMatchObject({
    kind: 'embedder',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });

  const image = stream.fillNormal(new Float32Array(SIDE * SIDE * 3));
  await tf.setBackend('cpu');
  const theirs = await tf.loadGraphModel({
    load: async () => ({
      modelTopology: topology,
      weightSpecs: specs as import('@tensorflow/tfjs').io.WeightsManifestEntry[],
      weightData: Uint8Array.from(bytes).buffer,
    }),
  });
  const expected = await (
    theirs.predict(tf.tensor4d(image, [1, SIDE, SIDE, 3])) as import('@tensorflow/tfjs').Tensor
  ).data();
  const planes = Float32Array.from({ length: image.length }, (_, i) => {
    const [plane, pixel] = [Math.floor(i / (SIDE * SIDE)), i % (SIDE * SIDE)];
    return image[pixel * 3 + plane]!;
  });
  const runtime = await openRuntime({ device: 'cpu' });
  const session = await runtime.load(new Uint8Array(readFileSync(output)));
  const { embedding } = await session.run({ images: { dtype: 'float32', shape: [1, 3, SIDE, SIDE], data: planes } });
  const found = embedding!.data as Float32Array;
  expect(found).toHaveLength(6);
  for (const [i, value] of expected.entries()) expect(found[i]!).toBeCloseTo(value, 4);
  expect(Math.max(...found)).toBeGreaterThan(0.1);
  await runtime.close();
  rmSync(folder, { recursive: true });
});
