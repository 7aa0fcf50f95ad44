import { foldIn, openStream, type RandomKey, randomKey } from '../../src/ground/math/index.ts';
import * as t from '../../src/kit/tensor/index.ts';

/** Numbers that tell the network how much of a slice is noise. */
const TIMES = 16;
const HIDDEN = 256;
const BATCH = 32;
const SAMPLING_STEPS = 24;
/** What a slice keeps of itself and what it gets of noise, at a time from 0 to 1; from the last time on there is only noise. */
const partsAt = (time: number): readonly [number, number] => [
  Math.cos((time * Math.PI) / 2),
  Math.sin((time * Math.PI) / 2),
];
const LATEST = 0.99;

const waves = (time: number): number[] =>
  Array.from({ length: TIMES }, (_, i) => Math.sin(time * (1 + (i >> 1)) * Math.PI + (i % 2) * (Math.PI / 2)));

/** Two hidden layers, each told the time: from a noisy slice to the clear one. */
function network(lookup: t.Lookup, noisy: t.Value, time: t.Value, pixels: number): t.Value {
  const layer = (name: string, x: t.Value, from: number, to: number): t.Value =>
    t.linear(
      x,
      lookup(`${name}.weight`, { shape: [to, from], start: { kind: 'glorot' } }),
      lookup(`${name}.bias`, { shape: [to], start: { kind: 'constant', value: 0 } }),
    );
  const told = (name: string, x: t.Value, from: number): t.Value =>
    t.silu(t.add(layer(name, x, from, HIDDEN), layer(`${name}.time`, time, TIMES, HIDDEN)));
  return layer('last', told('second', told('first', noisy, pixels), HIDDEN), HIDDEN, pixels);
}

/**
 * Trains a small diffusion model of slices with the project's engine, and samples from it (Song, Meng and Ermon, ICLR 2021, without fresh noise).
 *
 * @param slices each of the same number of values, about −1 to 1
 */
export async function sampleTrained(
  runtime: t.Runtime,
  slices: readonly Float32Array[],
  { steps, samples, seed = 1 }: { readonly steps: number; readonly samples: number; readonly seed?: number },
): Promise<Float32Array[]> {
  const pixels = slices[0]!.length;
  const shapes = {
    noisy: { shape: [BATCH, pixels] },
    time: { shape: [BATCH, TIMES] },
    clear: { shape: [BATCH, pixels] },
  };
  const parameters = t.collectParameters((lookup, graph) =>
    network(lookup, graph.input('noisy', [BATCH, pixels]), graph.input('time', [BATCH, TIMES]), pixels),
  );
  const step = t.buildTrainingStep({
    parameters,
    inputs: shapes,
    objective: ({ lookup, inputs }) => ({
      loss: t.meanSquaredError(network(lookup, inputs.noisy!, inputs.time!, pixels), inputs.clear!),
    }),
    optimiser: t.adam(),
    emaDecay: 0.995,
  });
  const key = randomKey(seed);
  const trainer = await t.openTrainer(runtime, {
    step,
    state: t.startTraining(step, { key }),
    learningRate: t.cosineSchedule({ initial: 6e-3, steps }),
  });
  for (let i = 0; i < steps; i++) await trainer.run(batchOf(slices, foldIn(key, i)));
  const weights = trainer.state.average!;
  await trainer.close();

  const graph = new t.Graph();
  const lookup = parameters.constantsIn(graph, weights);
  graph.output(
    'clear',
    network(lookup, graph.input('noisy', ['n', pixels]), graph.input('time', ['n', TIMES]), pixels),
  );
  const session = await runtime.load(graph.build());
  const stream = openStream(foldIn(key, 'samples'));
  const now = Float32Array.from({ length: samples * pixels }, () => stream.normal());
  for (let i = 0; i < SAMPLING_STEPS; i++) {
    const time = LATEST * (1 - i / SAMPLING_STEPS);
    const next = LATEST * (1 - (i + 1) / SAMPLING_STEPS);
    const times = new Float32Array(samples * TIMES);
    for (let s = 0; s < samples; s++) times.set(waves(time), s * TIMES);
    const { clear } = await session.run({
      noisy: t.float32(now.slice(), [samples, pixels]),
      time: t.float32(times, [samples, TIMES]),
    });
    const [keep, noise] = partsAt(time);
    const [keepNext, noiseNext] = partsAt(next);
    for (let k = 0; k < now.length; k++) {
      const guess = clear!.data[k] as number;
      now[k] = keepNext * guess + (noiseNext * (now[k]! - keep * guess)) / noise;
    }
  }
  await session.close();
  return Array.from({ length: samples }, (_, s) => now.slice(s * pixels, (s + 1) * pixels));
}

function batchOf(slices: readonly Float32Array[], key: RandomKey): Record<string, t.TensorData> {
  const pixels = slices[0]!.length;
  const stream = openStream(key);
  const [clear, noisy] = [new Float32Array(BATCH * pixels), new Float32Array(BATCH * pixels)];
  const time = new Float32Array(BATCH * TIMES);
  for (let row = 0; row < BATCH; row++) {
    const slice = slices[stream.integer(slices.length)]!;
    const at = LATEST * stream.uniform();
    const [keep, noise] = partsAt(at);
    clear.set(slice, row * pixels);
    for (let k = 0; k < pixels; k++) noisy[row * pixels + k] = keep * slice[k]! + noise * stream.normal();
    time.set(waves(at), row * TIMES);
  }
  return {
    clear: t.float32(clear, [BATCH, pixels]),
    noisy: t.float32(noisy, [BATCH, pixels]),
    time: t.float32(time, [BATCH, TIMES]),
  };
}
