import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomKey } from '../../src/ground/math/index.ts';
import {
  drawNoise,
  openSampler,
  readModelFolder,
  readNoiseSchedule,
  type SamplingMethod,
  SCHEDULER_CLASSES,
} from '../../src/jobs/generators/index.ts';
import type { Runtime } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

/**
 * torch 2.15.0, diffusers 0.42.1, CPU: s = CLASS(**config); s.set_timesteps(steps); x = NOISE; for i, t in enumerate(s.timesteps):
 * x = s.step(unet(x, t).sample, t, x, eta=eta).prev_sample; x.clamp(-1, 1) as float32. `unet` is the fixture's, NOISE and what randn_tensor gives in
 * step i are those that the sampler below draws.
 */
interface SampleCase {
  readonly scheduler: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly eta?: number;
  readonly unet?: string;
  readonly times: readonly number[];
  readonly sample: string;
}
const cases: SampleCase[] = JSON.parse(readFileSync(join(fixtures, 'samples.json'), 'utf8'));

const METHODS: Readonly<Record<string, SamplingMethod>> = {
  DDIMScheduler: 'ddim',
  DDIMParallelScheduler: 'ddim',
  DDPMScheduler: 'ddpm',
  DDPMParallelScheduler: 'ddpm',
  DPMSolverMultistepScheduler: 'dpm-solver++',
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

test('every scheduler that is read is here with every spacing', () => {
  for (const name of SCHEDULER_CLASSES)
    for (const spacing of ['leading', 'linspace', 'trailing'])
      expect(
        cases.some(({ scheduler, config }) => scheduler === name && config.timestep_spacing === spacing),
        `${name}, ${spacing}`,
      ).toBe(true);
});

test.each(cases.map((found, i) => [`${i}: ${found.scheduler} ${JSON.stringify(found.config)}`, found] as const))(
  'samples of a U-Net are those of diffusers: %s',
  async (_, { scheduler, config, steps, eta = 0, unet = 'plain', times, sample }) => {
    const model = await readModelFolder(join(fixtures, `unet-${unet}`));
    const noise = readNoiseSchedule({ _class_name: scheduler, ...config }, { file: 'none' });
    const sampler = await openSampler(runtime, { ...model, noise }, { method: METHODS[scheduler]!, steps, eta });
    expect(sampler.solver.steps.map(({ time }) => time)).toEqual(times);
    const images = await sampler.sample({ noise: drawNoise(randomKey(1), 0, 1, sampler.shape), key: randomKey(2) });
    await sampler.close();
    const expected = new Float32Array(Uint8Array.from(Buffer.from(sample, 'base64')).buffer);
    expect(images.length).toBe(expected.length);
    const deviations = expected.map((value, i) => Math.abs(value - images[i]!));
    // Trailing steps begin at the last time, where the first prediction is divided by √ᾱ of about .006: the rounding of the network, which
    // differs between processors, is told 150 times as large (up to 1.1e-4 seen on an EPYC, below 1e-4 on others).
    const rounding = config.timestep_spacing === 'trailing' ? 2e-4 : 1e-4;
    expect(Math.max(...deviations)).toBeLessThan(rounding);
    // Samples that are all at the ends of the range would agree whatever the steps.
    expect(expected.filter(value => Math.abs(value) < 0.99).length).toBeGreaterThan(20);
  },
);
