import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbedder, readModelCard } from '../../src/kit/faces/index.ts';
import { wordsOfEngine } from '../../src/kit/tensor/engine-words.ts';
import { elementsToFloat32, float32ToHalves, Graph } from '../../src/kit/tensor/index.ts';
import { openRuntime, readModelFile } from '../../src/kit/tensor/node.ts';
import { ProtoWriter } from '../../src/kit/tensor/onnx/protobuf.ts';

const cases = resolve(import.meta.dirname, '../../../shared/cases');
const noCases = !existsSync(cases);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'biolens-onnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A grey gradient. */
const image = {
  width: 112,
  height: 112,
  data: Uint8Array.from({ length: 112 * 112 * 3 }, (_, i) => (Math.floor(i / 3) % 112) * 2),
};
async function embed(path: string): Promise<number[]> {
  const embedder = await openEmbedder(path, { device: 'cpu', threads: 1 });
  try {
    const [found] = await embedder.embed([image]);
    const length = Math.hypot(...found!.embedding);
    return [...found!.embedding].map(value => value / length);
  } finally {
    await embedder.close();
  }
}

// onnxruntime 1.32.0 (Python), InferenceSession(path).run(None, {'input.1': (x − 127.5) / 127.5}) with the same image, L2-normalised.
const EXPECTED = {
  external: [0.093323, 0.25009, 0.714296, 0.469408, -0.285149, -0.292464, -0.134765, 0.114792],
  halves: [0.093227, 0.250033, 0.714447, 0.469168, -0.285208, -0.292338, -0.134761, 0.115212],
};

describe('ONNX models as people have them', () => {
  test.skipIf(noCases)('weights in another file, and numbers of half precision (needs ../shared/cases)', async () => {
    const found = await embed(join(cases, 'onnx-external-data/ext.onnx'));
    expect(found).toHaveLength(8);
    for (const [i, value] of EXPECTED.external.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5);
    const halves = await embed(join(cases, 'onnx-fp16-input/fp16.onnx'));
    for (const [i, value] of EXPECTED.halves.entries()) expect(Math.abs(halves[i]! - value)).toBeLessThan(5e-3);
  });

  test.skipIf(noCases)('a model newer than the engine is told in words (needs ../shared/cases)', async () => {
    const path = join(cases, 'onnx-too-new/ir99.onnx');
    const message = await embed(path).then(
      () => 'no error',
      (error: Error) => error.message,
    );
    expect(message).toMatch(
      /ir99\.onnx: its format is ONNX IR version 99, the engine reads up to \d+; export it for an older version$/,
    );
  });

  test('an embedder of uint8 pixels', async () => {
    const graph = new Graph();
    const pixels = graph.input('pixels', ['n', 3, 4, 4], 'uint8');
    const { cast, reduceMean } = await import('../../src/kit/tensor/index.ts');
    graph.output('means', reduceMean(cast(pixels, 'float32'), { axes: [2, 3], keepDims: false }));
    const path = join(folder, 'pixels.onnx');
    await writeFile(path, graph.build());
    const card = (mean: number) => ({
      name: 'pixels',
      kind: 'embedder',
      input: { width: 4, height: 4, mean: [mean, mean, mean], deviation: [1, 1, 1] },
      alignment: 'none',
      output: { meaning: 'embedding', width: 3 },
    });
    await writeFile(join(folder, 'pixels.json'), JSON.stringify(card(127.5)));
    await expect(readModelCard(path, 'embedder')).rejects.toThrow(
      'pixels.json: input.mean expected 0 and input.deviation 1 (pixels.onnx input "pixels" takes pixels of 0…255 as uint8)',
    );
    await writeFile(join(folder, 'pixels.json'), JSON.stringify(card(0)));
    for (const value of await embed(path)) expect(value).toBeCloseTo(1 / Math.sqrt(3), 5);
  });
});

/** A model of one weight of two numbers whose external data is as given; not one that runs. */
function modelOf(data: Readonly<Record<string, string>>, shape = 2): Uint8Array {
  const tensor = new ProtoWriter().int(1, shape).int(2, 1).string(8, 'w').int(14, 1);
  for (const [key, value] of Object.entries(data))
    tensor.message(13, new ProtoWriter().string(1, key).string(2, value));
  return new ProtoWriter().int(1, 8).message(7, new ProtoWriter().message(5, tensor)).finish().slice();
}

describe('external data that is refused', () => {
  test.each([
    ['a way out', { location: '../secret' }, 'its external data "../secret" is not in its folder'],
    ['an absolute name', { location: '/etc/passwd' }, 'is not in its folder'],
    ['a link that leads out', { location: 'link' }, 'is not in its folder'],
    ['a part that leads out', { location: 'a/../../secret' }, 'is not in its folder'],
    ['no name', { offset: '0' }, 'of weight "w" is malformed'],
    ['another length', { location: 'data', length: '4' }, 'of weight "w" is malformed'],
    ['an offset that is no number', { location: 'data', offset: '-8' }, 'of weight "w" is malformed'],
    ['more than is there', { location: 'data', offset: '4' }, 'cut short'],
    ['an offset far away', { location: 'data', offset: '999999999999999' }, 'cut short'],
    ['a file that is not there', { location: 'none' }, 'no such file'],
  ])('%s', async (name, data, message) => {
    const place = join(folder, 'external', name.replaceAll(' ', '-'));
    await cp(import.meta.filename, join(folder, 'external/secret'));
    await cp(import.meta.filename, join(place, 'other'));
    await writeFile(join(place, 'data'), new Uint8Array(8));
    await symlink(join(folder, 'external/secret'), join(place, 'link'));
    await writeFile(join(place, 'm.onnx'), modelOf(data));
    await expect(readModelFile(join(place, 'm.onnx'))).rejects.toThrow(message);
  });

  test('sizes beyond the format, before anything is read', async () => {
    await writeFile(join(folder, 'big.onnx'), modelOf({ location: 'data' }, 2 ** 40));
    await expect(readModelFile(join(folder, 'big.onnx'))).rejects.toThrow('more than 2000000000');
  });

  test('data of the folder is put into the model', async () => {
    await writeFile(join(folder, 'data'), Uint8Array.of(9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8));
    await writeFile(join(folder, 'good.onnx'), modelOf({ location: 'data', offset: '4', length: '8' }));
    const tensor = new ProtoWriter()
      .int(1, 2)
      .int(2, 1)
      .string(8, 'w')
      .bytes(9, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const expected = new ProtoWriter().int(1, 8).message(7, new ProtoWriter().message(5, tensor)).finish();
    expect(Buffer.from(await readModelFile(join(folder, 'good.onnx'))).equals(expected)).toBe(true);
  });
});

test('what the engine says has no places of its sources in it', async () => {
  expect(
    wordsOfEngine(
      '/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::string, int>&, bool, int) ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 99 is under development and support for this is limited. Current official support for domain ai.onnx is till opset 26.\n',
    ),
  ).toBe('it uses operator set 99 of ai.onnx, the engine knows up to 26; export it with a lower opset_version');
  expect(
    wordsOfEngine('/onnxruntime_src/onnxruntime/core/x.cc:202 onnxruntime::Model::Model(a&&, const b&) No way.\n'),
  ).toBe('No way.');
  const started = performance.now();
  wordsOfEngine('a'.repeat(1e6));
  wordsOfEngine('a.cc:1 b('.repeat(1e5));
  expect(performance.now() - started).toBeLessThan(2000);
  const runtime = await openRuntime({ device: 'cpu', threads: 1 });
  const graph = new Graph();
  graph.output('y', graph.input('x', [1]));
  const bytes = Buffer.from(graph.build());
  const at = bytes.indexOf('Identity');
  if (at >= 0) bytes.write('Identitz', at);
  await expect(runtime.load(new Uint8Array(bytes), { file: 'odd.onnx' })).rejects.toThrow(
    /^odd\.onnx: (?!.*\.(cc|h):)/,
  );
  await runtime.close();
});

test('numbers become halves as IEEE 754 rounds them', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const numbers = elementsToFloat32(new Uint8Array(bits.buffer), {
    type: 'f2',
    littleEndian: true,
    bytesPerElement: 2,
  });
  const again = float32ToHalves(numbers);
  for (let i = 0; i < bits.length; i++) if (!Number.isNaN(numbers[i]!)) expect(again[i]).toBe(bits[i]);
  // numpy.float32([...]).astype('<f2').view('<u2')
  const given = [
    1.00048828125,
    1.00146484375,
    2049,
    2051,
    65519,
    65520,
    2 ** -25,
    1.5 * 2 ** -24,
    0.1,
    -1e9,
    Number.NaN,
  ];
  expect([...float32ToHalves(Float32Array.from(given))]).toEqual([
    0x3c00, 0x3c02, 0x6800, 0x6802, 0x7bff, 0x7c00, 0, 2, 0x2e66, 0xfc00, 0x7e00,
  ]);
});
