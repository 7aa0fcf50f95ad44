import type { SamplingMethod } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { combine, type Estimate, type NoiseLevel, noiseLevel } from './prediction.ts';
import { alphasCumulative, chooseTimes, type NoiseSchedule } from './schedule.ts';

export { SAMPLING_METHODS, type SamplingMethod } from '../../../ground/contracts/index.ts';

export interface SolverOptions {
  readonly method: SamplingMethod;
  /** Network evaluations. */
  readonly steps: number;
  /** DDIM only: share of fresh noise, 0 (none, the default) to 1 (as DDPM). */
  readonly eta?: number;
}

/** One step back, from the time it stands at to the next. */
export interface SolverStep {
  /** Training time that the network is asked at. */
  readonly time: number;
  readonly level: NoiseLevel;
  /** Deviation of the noise that `advance` wants to be given; 0: none. */
  readonly noiseStdDev: number;
  /**
   * The image one step on.
   *
   * @param x where it stands
   * @param estimate what the network tells there, clipped where the schedule says so
   * @param before the estimate of the step before, for methods of second order; null at the first
   */
  readonly advance: (x: Float32Array, estimate: Estimate, before: Estimate | null) => Float32Array;
}

export interface Solver {
  readonly steps: readonly SolverStep[];
  /** The predicted image is held within ± this; null: not. */
  readonly clipRange: number | null;
}

/** The variance of the step's posterior, σ² of Song et al. 2021, eq. 16 with η = 1 (β̃ of Ho et al. 2020, eq. 7, between neighbours). */
export function posteriorVariance(from: number, to: number): number {
  return ((1 - to) / (1 - from)) * (1 - from / to);
}

/** Song et al. 2021, eq. 12. */
function ddimStep(time: number, from: number, to: number, eta: number): SolverStep {
  const noiseStdDev = to >= 1 ? 0 : eta * Math.sqrt(posteriorVariance(from, to));
  const direction = Math.sqrt(Math.max(0, 1 - to - noiseStdDev ** 2));
  const advance = (_x: Float32Array, { x0, epsilon }: Estimate) => combine(x0, Math.sqrt(to), epsilon, direction);
  return { time, level: noiseLevel(from), noiseStdDev, advance };
}

/** Ho et al. 2020, eq. 7, between the times that are visited. No noise is added by the last step. */
function ddpmStep(
  time: number,
  { from, to, isLast, largeVariance }: { from: number; to: number; isLast: boolean; largeVariance: boolean },
): SolverStep {
  const kept = from / to;
  const ofImage = (Math.sqrt(to) * (1 - kept)) / (1 - from);
  const ofSample = (Math.sqrt(kept) * (1 - to)) / (1 - from);
  const variance = largeVariance ? 1 - kept : posteriorVariance(from, to);
  const noiseStdDev = isLast ? 0 : Math.sqrt(Math.max(variance, 1e-20));
  const advance = (x: Float32Array, { x0 }: Estimate) => combine(x0, ofImage, x, ofSample);
  return { time, level: noiseLevel(from), noiseStdDev, advance };
}

const logSnr = (alphaCumulative: number): number => Math.log(alphaCumulative / (1 - alphaCumulative)) / 2;

/** Lu et al. 2022b, algorithm 2 (data prediction, second-order multistep); the first step and the last are of first order. */
function dpmSolverStep(time: number, [before, from, to]: readonly [number | null, number, number]): SolverStep {
  const here = noiseLevel(from);
  const there = noiseLevel(to);
  if (to >= 1) return { time, level: here, noiseStdDev: 0, advance: (_x, { x0 }) => x0.slice() };
  const h = logSnr(to) - logSnr(from);
  const ofSample = there.sigma / here.sigma;
  const ofImage = -there.alpha * Math.expm1(-h);
  // D = x₀ + (x₀ − x₀ of the step before) / 2r
  const slope = before === null ? 0 : h / (logSnr(from) - logSnr(before)) / 2;
  const advance = (x: Float32Array, { x0 }: Estimate, last: Estimate | null): Float32Array => {
    const image = last === null || before === null ? x0 : combine(x0, 1 + slope, last.x0, -slope);
    return combine(x, ofSample, image, ofImage);
  };
  return { time, level: here, noiseStdDev: 0, advance };
}

/**
 * The steps from noise to image.
 *
 * Each method goes from one visited time to the next. (diffusers' DDIM subtracts T / steps from the time instead, which is the same unless
 * the spacing is `linspace` or steps do not divide T.)
 *
 * @throws {BiolensError} `usage` for settings that do not fit.
 */
export function openSolver(noise: NoiseSchedule, { method, steps, eta = 0 }: SolverOptions): Solver {
  if (!(eta >= 0 && eta <= 1)) throw new BiolensError('usage', `"eta" expected a number from 0 to 1, got ${eta}`);
  if (eta > 0 && method !== 'ddim')
    throw new BiolensError('usage', `"eta" is an option of ddim, the method is ${method}`);
  const alphas = alphasCumulative(noise);
  const times = chooseTimes(noise, { steps, ends: method === 'dpm-solver++' ? 'first' : 'both' });
  // DDPM and DPM-Solver++ end at the image itself.
  const end = noise.setAlphaToOne || method !== 'ddim' ? 1 : alphas[0]!;
  const at = (index: number) => (index < times.length ? alphas[times[index]!]! : end);
  return {
    clipRange: method === 'dpm-solver++' ? null : noise.clipRange,
    steps: times.map((time, i): SolverStep => {
      if (method === 'ddim') return ddimStep(time, at(i), at(i + 1), eta);
      if (method === 'ddpm') {
        const isLast = i === times.length - 1;
        return ddpmStep(time, { from: at(i), to: at(i + 1), isLast, largeVariance: noise.largeVariance ?? false });
      }
      return dpmSolverStep(time, [i === 0 ? null : at(i - 1), at(i), at(i + 1)]);
    }),
  };
}
