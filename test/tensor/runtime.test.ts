import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cast, float32, Graph, gather, matmul, type Runtime, relu, runInParts } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

function doubling(): Uint8Array {
  const graph = new Graph();
  const x = graph.input('x', ['n', 2]);
  graph.output('y', matmul(x, graph.constant(Float32Array.of(2, 0, 0, 2), [2, 2])));
  graph.output('positive', relu(x));
  return graph.build();
}

/** A model that takes the better part of a second. */
function slow(): { model: Uint8Array; feeds: { x: ReturnType<typeof float32> } } {
  const graph = new Graph();
  let value = graph.input('x', [1024, 1024]);
  const x = value;
  for (let i = 0; i < 20; i++) value = matmul(value, x);
  graph.output('y', value);
  return { model: graph.build(), feeds: { x: float32(new Float32Array(1024 * 1024), [1024, 1024]) } };
}

describe('a session', () => {
  test('computes all outputs or those asked for, for any number of rows', async () => {
    const session = await runtime.load(doubling());
    const feeds = { x: float32(Float32Array.of(1, -2, 3, 4), [2, 2]) };
    expect(await session.run(feeds)).toEqual({
      y: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(2, -4, 6, 8) },
      positive: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 0, 3, 4) },
    });
    expect(Object.keys(await session.run(feeds, { outputs: ['positive'] }))).toEqual(['positive']);
    expect((await session.run({ x: float32(Float32Array.of(1, 1), [1, 2]) })).y?.shape).toEqual([1, 2]);
  });

  test('keeps the inputs unless they are handed over', async () => {
    const session = await runtime.load(doubling());
    const x = float32(Float32Array.of(1, 2), [1, 2]);
    await session.run({ x });
    expect(x.data.length).toBe(2);
    await session.run({ x }, { transfer: true });
    expect(x.data.length).toBe(0);
  });

  test.each(['shared', 'plain'])('writes outputs into %s memory that it is given', async kind => {
    const memory = kind === 'shared' ? new SharedArrayBuffer(16) : new ArrayBuffer(16);
    const session = await runtime.load(doubling());
    const y = float32(new Float32Array(memory), [2, 2]);
    const found = await session.run({ x: float32(Float32Array.of(1, -2, 3, 4), [2, 2]) }, { into: { y } });
    expect(found.y).toBe(y);
    expect([...y.data]).toEqual([2, -4, 6, 8]);
    expect([...found.positive!.data]).toEqual([1, 0, 3, 4]);
    const short = { y: float32(new Float32Array(3), [1, 3]) };
    await expect(session.run({ x: y }, { into: short })).rejects.toThrow('output "y" does not fit the float32 [1, 3]');
  });

  test('runs as many at once as it has lanes', async () => {
    const session = await runtime.load(doubling(), { lanes: 3 });
    const runs = Array.from({ length: 7 }, (_, i) => session.run({ x: float32(Float32Array.of(i, 1), [1, 2]) }));
    expect((await Promise.all(runs)).map(({ y }) => y?.data[0])).toEqual([0, 2, 4, 6, 8, 10, 12]);
    const x = float32(
      Float32Array.from({ length: 10 }, (_, i) => i),
      [5, 2],
    );
    for (const parts of [1, 2, 3, 5]) {
      const { y } = await runInParts(session, { x }, { parts });
      expect(y).toEqual(
        float32(
          Float32Array.from({ length: 10 }, (_, i) => 2 * i),
          [5, 2],
        ),
      );
    }
    await expect(runInParts(session, { x }, { parts: 6 })).rejects.toThrow(
      '"x" of [5, 2] cannot be split into 6 parts',
    );
    await session.close();
    await expect(runtime.load(doubling(), { lanes: 0 })).rejects.toThrow('"lanes" expected a whole number from 1');
  });

  test.each([
    [{}, 'input "x" is missing, the model takes x'],
    [{ x: float32(new Float32Array(3), [1, 3]) }, 'input "x" expected [n, 2], got [1, 3]'],
    [{ x: float32(new Float32Array(3), [1, 2]) }, 'input "x" of [1, 2] has 3 numbers'],
    [
      { x: { dtype: 'int32', shape: [1, 2], data: new Int32Array(2) } as const },
      'input "x" expected float32, got int32',
    ],
    [
      { x: float32(new Float32Array(2), [1, 2]), z: float32(new Float32Array(1), [1]) },
      `input "z" is not one of the model's: x`,
    ],
  ])('refuses feeds that do not fit: %#', async (feeds, message) => {
    const session = await runtime.load(doubling());
    await expect(session.run(feeds)).rejects.toThrow(message);
  });

  test('refuses an output that the model has not', async () => {
    const session = await runtime.load(doubling());
    await expect(session.run({ x: float32(new Float32Array(2), [1, 2]) }, { outputs: ['z'] })).rejects.toThrow(
      `output "z" is not one of the model's: y, positive`,
    );
  });

  test('a model that fails on inputs that fit is named', async () => {
    const graph = new Graph();
    const rows = graph.input('rows', ['n'], 'int64');
    graph.output('y', gather(graph.constant(new Float32Array(4), [4]), rows));
    const session = await runtime.load(graph.build(), { file: 'rows.onnx' });
    const feeds = { rows: { dtype: 'int64', shape: [1], data: BigInt64Array.of(9n) } as const };
    await expect(session.run(feeds)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/^rows\.onnx: .*indices element out of data bounds/),
    });
  });

  test('takes memory that is shared, and results of every element type', async () => {
    const graph = new Graph();
    const x = graph.input('x', ['n']);
    for (const dtype of ['float32', 'float16', 'int32', 'int64', 'uint8', 'bool'] as const)
      graph.output(dtype, cast(x, dtype));
    const session = await runtime.load(graph.build());
    const data = new Float32Array(new SharedArrayBuffer(8));
    data.set([1, 0]);
    const found = await session.run({ x: float32(data, [2]) }, { transfer: true });
    expect(data.length).toBe(2);
    expect(found).toEqual({
      float32: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 0) },
      float16: { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0) },
      int32: { dtype: 'int32', shape: [2], data: Int32Array.of(1, 0) },
      int64: { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, 0n) },
      uint8: { dtype: 'uint8', shape: [2], data: Uint8Array.of(1, 0) },
      bool: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
    });
  });

  test('after it is closed it says so', async () => {
    const session = await runtime.load(doubling());
    await session.close();
    await session.close();
    await expect(session.run({ x: float32(new Float32Array(2), [1, 2]) })).rejects.toMatchObject({
      code: 'usage',
      message: 'model: the session is closed',
    });
  });
});

test('the event loop stays free while the engine computes', async () => {
  const { model, feeds } = slow();
  const session = await runtime.load(model);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const start = performance.now();
  await session.run(feeds);
  const elapsed = performance.now() - start;
  clearInterval(timer);
  expect(elapsed).toBeGreaterThan(50);
  // A blocked loop would tick not once; on a busy machine a timer may come late.
  expect(ticks).toBeGreaterThan(elapsed / 5 / 5);
});

test('an abort rejects at once and leaves the session usable', async () => {
  const { model, feeds } = slow();
  const session = await runtime.load(model);
  const controller = new AbortController();
  const run = session.run(feeds, { signal: controller.signal });
  controller.abort();
  await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  await expect(session.run(feeds, { signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  expect((await session.run(feeds)).y?.shape).toEqual([1024, 1024]);
});

describe('opening', () => {
  test('a model that the engine refuses is an input error that names the file', async () => {
    const graph = new Graph();
    const x = graph.input('x', [1, 2]);
    graph.output('y', graph.node('NoSuchOperator', [x], { outputs: [{ shape: [1], dtype: 'float32' }] })[0]!);
    await expect(runtime.load(graph.build(), { file: 'odd.onnx' })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/^odd\.onnx: .*NoSuchOperator/),
    });
  });

  test('CUDA and WebGPU open, or say in one line why not', async () => {
    for (const device of ['cuda', 'webgpu'] as const) {
      const opened = await openRuntime({ device }).catch((error: unknown) => error);
      if (opened instanceof Error) {
        expect(opened).toMatchObject({ code: 'usage', message: expect.stringMatching(`^device ${device}: [^\\n]+$`) });
      } else {
        expect(opened).toMatchObject({ device, deviceReason: 'asked for' });
      }
    }
  });

  test('auto says what it took and why', async () => {
    const opened = await openRuntime();
    expect(['cpu', 'cuda']).toContain(opened.device);
    expect(opened.deviceReason).toMatch(/CUDA/);
    await opened.close();
  });

  test('an abort before it opens', async () => {
    await expect(openRuntime({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('a model handed over is not copied', async () => {
    const model = doubling();
    const session = await runtime.load(model, { transfer: true });
    expect(model.length).toBe(0);
    expect(session.inputs).toEqual([{ name: 'x', shape: ['n', 2], dtype: 'float32' }]);
    const pooled = Buffer.from(doubling());
    await runtime.load(pooled, { transfer: true });
  });

  test('a number of threads below one is refused', async () => {
    await expect(openRuntime({ threads: 0 })).rejects.toThrow('"threads" expected a whole number from 1, got 0');
  });

  test('a program that forgets to close ends all the same', () => {
    const node = join(import.meta.dirname, '../../src/kit/tensor/node.ts');
    const script = `const { openRuntime } = await import(${JSON.stringify(node)}); console.log((await openRuntime({ device: 'cpu' })).device);`;
    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 }),
    ).toBe('cpu\n');
  });

  // ONNX Runtime aborts the process (134) when its thread is stopped within a call.
  test.each([
    ['exits', 'process.exit(7);'],
    ['fails', 'setTimeout(() => { throw new Error("no"); }, 0);'],
    ['closes', 'await runtime.close(); process.exit(7);'],
  ])('a program that %s in the middle of a run ends as it means to', (what, ending) => {
    const node = JSON.stringify(join(import.meta.dirname, '../../src/kit/tensor/node.ts'));
    const script = `
      const { openRuntime } = await import(${node});
      const runtime = await openRuntime({ device: 'cpu', threads: 1 });
      const model = Buffer.from('${Buffer.from(slow().model).toString('base64')}', 'base64');
      const session = await runtime.load(model);
      const run = () => session.run({ x: { dtype: 'float32', shape: [1024, 1024], data: new Float32Array(1 << 20) } }).catch(() => {});
      run();
      run();
      await new Promise(resolve => setTimeout(resolve, 100));
      ${ending}`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stderr).not.toContain('terminate');
    expect(status).toBe(what === 'fails' ? 1 : 7);
  });

  test('after closing, work in hand is rejected', async () => {
    const other = await openRuntime({ device: 'cpu' });
    const { model, feeds } = slow();
    const session = await other.load(model);
    const run = session.run(feeds);
    const settled = expect(run).rejects.toThrow('the runtime is closed');
    await other.close();
    await settled;
    await expect(session.run(feeds)).rejects.toThrow('the runtime is closed');
    await session.close();
    await other.close();
  });
});
