import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { float32, type Runtime, readModelInfo, type Session } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

// Made by onnx 1.23.2: two images of unknown sizes, an old-style weight that is also listed as an input, a batch called "N" in both.
// h, v = onnx.helper, onnx.TensorProto
// g = h.make_graph([h.make_node('GlobalAveragePool', ['a'], ['p']), h.make_node('GlobalAveragePool', ['b'], ['q']),
//   h.make_node('Add', ['p', 'q'], ['r']), h.make_node('Add', ['r', 'w'], ['sum'])], 'g',
//   [h.make_tensor_value_info('a', v.FLOAT, ['N', 1, '?', '?']), h.make_tensor_value_info('b', v.FLOAT, ['N', 1, 'None', None]),
//    h.make_tensor_value_info('w', v.FLOAT, [1, 1, 1, 1])],
//   [h.make_tensor_value_info('sum', v.FLOAT, ['N', 1, 1, 1])], [h.make_tensor('w', v.FLOAT, [1, 1, 1, 1], [0.5])])
// h.make_model(g, opset_imports=[h.make_opsetid('', 17), h.make_opsetid('com.microsoft', 1)], ir_version=8)
const model = new Uint8Array(
  Buffer.from(
    'CAg67QEKGQoBYRIBcCIRR2xvYmFsQXZlcmFnZVBvb2wKGQoBYhIBcSIRR2xvYmFsQXZlcmFnZVBvb2wKDgoBcAoBcRIBciIDQWRkChAKAXIKAXcSA3N1bSIDQWRkEgFnKhMIAQgBCAEIARABIgQAAAA/QgF3Wh4KAWESGQoXCAESEwoDEgFOCgIIAQoDEgE/CgMSAT9aHgoBYhIZChcIARITCgMSAU4KAggBCgYSBE5vbmUKAFobCgF3EhYKFAgBEhAKAggBCgIIAQoCCAEKAggBYh4KA3N1bRIXChUIARIRCgMSAU4KAggBCgIIAQoCCAFCBAoAEBFCEQoNY29tLm1pY3Jvc29mdBAB',
    'base64',
  ),
);

let runtime: Runtime;
let session: Session;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
  session = await runtime.load(model);
});
afterAll(() => runtime.close());

const image = (n: number, height: number, width: number) =>
  float32(new Float32Array(n * height * width).fill(1), [n, 1, height, width]);

describe('a model made elsewhere', () => {
  test('is described: unknown sizes, versions, weights not among the inputs', () => {
    const { inputs, opsets, irVersion, initialisers } = readModelInfo(model);
    expect(inputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['a', 'N', 1, '?', '?'],
      ['b', 'N', 1, '?', '?'],
    ]);
    expect({ irVersion, opsets }).toEqual({ irVersion: 8, opsets: { '': 17, 'com.microsoft': 1 } });
    expect(initialisers).toEqual([{ name: 'w', shape: [1, 1, 1, 1], dtype: 'float32' }]);
  });

  test('runs on sizes that differ where nothing is known of them', async () => {
    const { sum } = await session.run({ a: image(2, 4, 3), b: image(2, 5, 6) });
    expect(sum).toEqual(float32(Float32Array.of(2.5, 2.5), [2, 1, 1, 1]));
  });

  test('refuses two sizes of one name', async () => {
    await expect(session.run({ a: image(2, 4, 3), b: image(1, 4, 3) })).rejects.toThrow(
      'input "b" expected [N, 1, ?, ?], got [1, 1, 4, 3]',
    );
  });
});
