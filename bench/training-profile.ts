import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { randomKey } from '../src/ground/math/index.ts';
import { readModelInfo } from '../src/kit/tensor/index.ts';
import { buildUnetStep, parameters } from './training-network.ts';

// Where the time of a training step goes: shares by kind of operation, as ONNX Runtime's profiler tells, for the gradient of half a batch on one thread.

/** What an operation is called in the table; all others are told together. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  convolution: ['Conv', 'FusedConv', 'ConvTranspose'],
  'matrix product': ['MatMul', 'FusedMatMul', 'Gemm'],
  copies: ['Transpose', 'Slice', 'Concat', 'Pad', 'Split', 'Reshape', 'ReorderInput', 'ReorderOutput'],
  normalisation: ['LayerNormalization', 'ReduceMean', 'ReduceSum'],
};

const { part } = buildUnetStep({ parts: 2 });
if (part === null) throw new Error('the step is not in parts');
const folder = mkdtempSync(join(tmpdir(), 'biolens-profile-'));
try {
  const session = await InferenceSession.create(part.model, {
    intraOpNumThreads: 1,
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'step'),
    logSeverityLevel: 3,
  });
  const weights = parameters.draw(randomKey(1));
  const feeds = Object.fromEntries(
    readModelInfo(part.model, { file: 'the step' }).inputs.map(({ name, shape }) => {
      const size = shape.map(Number).reduce((product, side) => product * side, 1);
      const data = size === weights.length ? weights : Float32Array.from({ length: size }, () => Math.random() * 2 - 1);
      return [name, new Tensor('float32', data, shape.map(Number))];
    }),
  );
  for (let i = 0; i < 4; i++) await session.run(feeds);
  session.endProfiling();
  const text = readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8');
  const events = JSON.parse(text) as { cat: string; name: string; dur: number; args?: { op_name?: string } }[];
  const micros = new Map<string, number>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const kind = Object.keys(KINDS).find(title => KINDS[title]!.includes(args?.op_name ?? '')) ?? 'the rest';
    micros.set(kind, (micros.get(kind) ?? 0) + dur);
  }
  const total = [...micros.values()].reduce((sum, value) => sum + value, 0);
  console.log(JSON.stringify(Object.fromEntries([...micros].map(([kind, value]) => [kind, value / total]))));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
