import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  alphasCumulative,
  clampTo,
  combine,
  type Estimate,
  estimateFrom,
  type NoiseSchedule,
  openSolver,
  posteriorVariance,
  readNoiseSchedule,
  type SolverOptions,
  writeNoiseSchedule,
} from '../../src/jobs/generators/index.ts';

const LINEAR: NoiseSchedule = readNoiseSchedule({ beta_start: 0.0001, beta_end: 0.02 }, { file: 'none' });

/** arange(768).reshape(3, 8, 8, 4) / 768, permuted (3, 0, 1, 2). */
function ramp(at: (index: number) => number): Float32Array {
  return Float32Array.from({ length: 768 }, (_, i) => at((i % 192) * 4 + Math.floor(i / 192)) / 768);
}

/** Runs a solver on the toy network x·t/(t + 1), with no noise added. */
function solve(
  noise: NoiseSchedule,
  options: SolverOptions,
  { start = 0, x: from = ramp(i => i) }: { readonly start?: number; readonly x?: Float32Array } = {},
): Float32Array {
  const solver = openSolver(noise, options);
  let x = from;
  let earlier: Estimate[] = [];
  for (const step of solver.steps.slice(start)) {
    const output = x.map(value => (value * step.time) / (step.time + 1));
    let estimate = estimateFrom(x, output, step.level, noise.prediction);
    if (solver.clipRange !== null) estimate = { ...estimate, x0: clampTo(estimate.x0.slice(), solver.clipRange) };
    x = step.advance(x, estimate, earlier);
    earlier = [estimate, ...earlier].slice(0, 2);
  }
  return x;
}
const sum = (x: Float32Array): number => x.reduce((total, value) => total + Math.abs(value), 0);

describe('published sums of absolute values', () => {
  // huggingface/diffusers, tests/schedulers/test_scheduler_ddim.py and test_scheduler_ddpm.py.
  const ddim = { method: 'ddim', steps: 10 } as const;

  test('DDIM', () => {
    expect(sum(solve(LINEAR, ddim))).toBeCloseTo(172.0067, 2);
    expect(sum(solve({ ...LINEAR, prediction: 'v' }, ddim))).toBeCloseTo(52.5302, 3);
    expect(sum(solve({ ...LINEAR, betaStart: 0.01, setAlphaToOne: true }, ddim))).toBeCloseTo(149.8295, 2);
    expect(sum(solve({ ...LINEAR, betaStart: 0.01, setAlphaToOne: false }, ddim))).toBeCloseTo(149.0784, 2);
  });

  test('DDIM from an image that is partly noise', () => {
    const { alpha, sigma } = openSolver(LINEAR, ddim).steps[8]!.level;
    const x = combine(
      ramp(i => i),
      alpha,
      ramp(i => 767 - i),
      sigma,
    );
    expect(sum(solve(LINEAR, ddim, { start: 8, x }))).toBeCloseTo(354.5418, 2);
  });

  test('DDPM without its noise', () => {
    expect(sum(solve(LINEAR, { method: 'ddpm', steps: 1000 }))).toBeCloseTo(0.660935, 5);
  });

  test('variances', () => {
    const ddpm = openSolver(LINEAR, { method: 'ddpm', steps: 1000 }).steps;
    const variance = (time: number) => ddpm.find(step => step.time === time)!.noiseStdDev ** 2;
    expect(variance(487)).toBeCloseTo(0.00979, 5);
    expect(variance(999)).toBeCloseTo(0.02, 5);
    expect(variance(0)).toBe(0);
    // The larger choice is β_t itself.
    const read = readNoiseSchedule({ variance_type: 'fixed_large' }, { file: 'none' });
    const large = openSolver(read, { method: 'ddpm', steps: 1000 }).steps.find(step => step.time === 487)!;
    expect(large.noiseStdDev ** 2).toBeCloseTo(0.0001 + (0.0199 * 487) / 999, 7);
    expect(readNoiseSchedule(writeNoiseSchedule(read), { file: 'none' })).toEqual(read);
    const alphas = alphasCumulative(LINEAR);
    expect(Math.abs(posteriorVariance(alphas[420]!, alphas[400]!) - 0.14771)).toBeLessThan(1e-5);
    expect(Math.abs(posteriorVariance(alphas[980]!, alphas[960]!) - 0.3246)).toBeLessThan(1e-5);
    const eta = openSolver(LINEAR, { method: 'ddim', steps: 50, eta: 0.5 }).steps.find(step => step.time === 420)!;
    expect(eta.noiseStdDev).toBeCloseTo(0.5 * Math.sqrt(0.14771), 4);
  });
});

/**
 * diffusers 0.42.1: scheduler(**config).set_timesteps(steps); x = ramp; for t in timesteps: x = step(x·t/(t + 1), t, x).prev_sample, with
 * DDIMScheduler (eta=0), DDPMScheduler (randn_tensor replaced by zeros) or DPMSolverMultistepScheduler. `first` is x.flatten()[[0, 1, 100,
 * 400, 767]], `sum` x.abs().sum().
 */
interface SolverCase {
  readonly method: SolverOptions['method'];
  readonly steps: number;
  readonly config: Record<string, unknown>;
  readonly times: number[];
  readonly sum: number;
  readonly first: number[];
}
const cases: SolverCase[] = JSON.parse(readFileSync(new URL('./fixtures/solvers.json', import.meta.url), 'utf8'));

describe('diffusers takes the same steps', () => {
  test.each(
    cases.map(found => {
      const { timestep_spacing, beta_schedule, prediction_type } = found.config;
      return { name: `${found.method}, ${timestep_spacing}, ${beta_schedule}, ${prediction_type}`, ...found };
    }),
  )('$name', ({ method, steps, config, times, sum: expected, first }) => {
    const noise = readNoiseSchedule(config, { file: 'none' });
    const solver = openSolver(noise, { method, steps });
    expect(solver.steps.map(step => step.time)).toEqual(times);
    const x = solve(noise, { method, steps });
    expect(Math.abs(sum(x) - expected)).toBeLessThan(2e-3 * expected + 1e-4);
    const at = [0, 1, 100, 400, 767].map(i => x[i]!);
    for (const [i, value] of first.entries())
      expect(Math.abs(at[i]! - value)).toBeLessThan(2e-3 * Math.abs(value) + 1e-6);
  });
});

test('settings that do not fit are refused', () => {
  expect(() => openSolver(LINEAR, { method: 'ddim', steps: 0 })).toThrow(
    '"steps" expected a whole number from 1 to 1000',
  );
  expect(() => openSolver(LINEAR, { method: 'ddim', steps: 1001 })).toThrow('"steps"');
  expect(() => openSolver(LINEAR, { method: 'ddim', steps: 10, eta: 2 })).toThrow(
    '"eta" expected a number from 0 to 1',
  );
  expect(() => openSolver(LINEAR, { method: 'ddpm', steps: 10, eta: 0.5 })).toThrow('"eta" is an option of ddim');
  const read = (json: unknown) => readNoiseSchedule(json, { file: 's.json' });
  expect(() => read({ beta_schedule: 'sigmoid' })).toThrow('s.json: "beta_schedule"');
  expect(() => read({ variance_type: 'learned' })).toThrow('s.json: "variance_type"');
});
