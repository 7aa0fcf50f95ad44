import { randomKey } from '../src/ground/math/index.ts';
import * as t from '../src/kit/tensor/index.ts';
import { openRuntime } from '../src/kit/tensor/node.ts';
import { BATCH, buildUnetDenoiser, buildUnetStep, CLASSES, IMAGE, parameters, TIME_WIDTH } from './training-network.ts';

// The network of training-network.ts on the engine: MODE STEPS THREADS. A process of its own, for its peak memory.

const [mode = 'train', steps = '2', threads = '1'] = process.argv.slice(2);
const random = (shape: readonly number[]): t.TensorData =>
  t.float32(
    Float32Array.from({ length: t.sizeOf(shape) }, () => Math.random() * 2 - 1),
    shape,
  );
const inputs = {
  x: random(IMAGE),
  time: random([BATCH, TIME_WIDTH]),
  classes: t.float32(
    Float32Array.from({ length: BATCH * CLASSES }, (_, i) => i % 2),
    [BATCH, CLASSES],
  ),
};
const runtime = await openRuntime({ device: 'cpu', threads: Number(threads) });

async function openTraining(): Promise<() => Promise<unknown>> {
  const step = buildUnetStep({ parts: Number(threads) });
  const trainer = await t.openTrainer(runtime, {
    step,
    state: t.startTraining(step, { key: randomKey(1) }),
    learningRate: t.constantSchedule(1e-4),
  });
  const batch = { ...inputs, target: random(IMAGE) };
  return () => trainer.run(batch);
}

async function openDenoising(): Promise<() => Promise<unknown>> {
  const lanes = Number(threads);
  const session = await runtime.load(buildUnetDenoiser(parameters.draw(randomKey(1))), { lanes });
  return () => t.runInParts(session, inputs, { parts: lanes });
}

const step = await (mode === 'denoise' ? openDenoising() : openTraining());
for (let i = 0; i < 2; i++) await step();
const milliseconds: number[] = [];
for (let i = 0; i < Number(steps); i++) {
  const start = performance.now();
  await step();
  milliseconds.push(performance.now() - start);
}
console.log(
  JSON.stringify({
    milliseconds,
    parameters: parameters.size,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    version: runtime.engine,
  }),
);
await runtime.close();
