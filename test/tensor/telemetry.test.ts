import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// Left to itself, onnxruntime-node 1.30 puts a device identifier and a queue of events into the home folder.
test('the engine keeps no identifier of the machine and no queue of events', () => {
  const home = mkdtempSync(join(tmpdir(), 'biolens-home-'));
  try {
    const node = join(import.meta.dirname, '../../src/kit/tensor/node.ts');
    const script = `
      const { Graph } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/kit/tensor/index.ts'))});
      const { openRuntime } = await import(${JSON.stringify(node)});
      const graph = new Graph();
      graph.output('y', graph.input('x', [1]));
      const runtime = await openRuntime({ device: 'cpu', threads: 1 });
      await (await runtime.load(graph.build())).run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } });
      await runtime.close();`;
    const env = { PATH: process.env.PATH, HOME: home, USERPROFILE: home, XDG_CACHE_HOME: join(home, 'cache') };
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, cwd: home });
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(home, { recursive: true });
  }
});
