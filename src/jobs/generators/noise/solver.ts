import type { SamplingMethod } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { dpmSolverSteps } from './dpm-solver.ts';
import { combine, type Estimate, noiseLevel } from './prediction.ts';
import { alphasCumulative, chooseTimes, DPM_SOLVER_DEFAULTS, type NoiseSchedule } from './schedule.ts';
import type { SolverStep } from './solver-step.ts';

export { SAMPLING_METHODS, type SamplingMethod } from '../../../ground/contracts/index.ts';
export type { SolverStep } from './solver-step.ts';

export interface SolverOptions {
  readonly method: SamplingMethod;
  /** Network evaluations. */
  readonly steps: number;
  /** DDIM only: share of fresh noise, 0 (none, the default) to 1 (as DDPM). */
  readonly eta?: number;
}

export interface Solver {
  readonly steps: readonly SolverStep[];
  /** The predicted image is held within ± this; null: not. */
  readonly clipRange: number | null;
  /** Dynamic thresholding of the predicted image, in place of `clipRange`; null: none. */
  readonly threshold: NonNullable<NoiseSchedule['threshold']> | null;
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
  return { time, level: noiseLevel(from), noiseStdDev, learnedStdDev: null, advance };
}

/** Where the logarithm of a variance would be taken of 0. */
const LEAST_VARIANCE = 1e-20;

/** Deviations between the two choices of the variance, by what the network gives of each pixel in [−1, 1] (Nichol and Dhariwal 2021, eq. 15). */
function learnedDeviations(small: number, large: number): (variance: Float32Array) => Float32Array {
  const [low, high] = [Math.log(small), Math.log(large)];
  return variance => variance.map(value => Math.exp((low + ((value + 1) / 2) * (high - low)) / 2));
}

/** Ho et al. 2020, eq. 7, between the times that are visited. No noise is added at time 0. */
function ddpmStep(
  time: number,
  { from, to, noise }: { readonly from: number; readonly to: number; readonly noise: NoiseSchedule },
): SolverStep {
  const kept = from / to;
  const ofImage = (Math.sqrt(to) * (1 - kept)) / (1 - from);
  const ofSample = (Math.sqrt(kept) * (1 - to)) / (1 - from);
  const small = Math.max(posteriorVariance(from, to), LEAST_VARIANCE);
  const large = 1 - kept;
  const variance = noise.largeVariance === true ? large : small;
  const noiseStdDev = time === 0 || variance <= LEAST_VARIANCE ? 0 : Math.sqrt(variance);
  const learnedStdDev = noise.learnedVariance === true && time > 0 ? learnedDeviations(small, large) : null;
  const advance = (x: Float32Array, { x0 }: Estimate) => combine(x0, ofImage, x, ofSample);
  return { time, level: noiseLevel(from), noiseStdDev, learnedStdDev, advance };
}

/**
 * The steps from noise to image, as diffusers takes them.
 *
 * DDPM and DPM-Solver++ go from one visited time to the next. DDIM goes down by T / steps, rounded down, and asks the network at the visited time all
 * the same. With `linspace` spacing, or steps that do not divide T, the two differ: an open fault of diffusers (issue 12633), which is followed so
 * that samples are those that the makers of a model see.
 *
 * @throws {BiolensError} `usage` for settings that do not fit.
 */
export function openSolver(noise: NoiseSchedule, { method, steps, eta = 0 }: SolverOptions): Solver {
  if (!(eta >= 0 && eta <= 1)) throw new BiolensError('usage', `"eta" expected a number from 0 to 1, got ${eta}`);
  if (eta > 0 && method !== 'ddim')
    throw new BiolensError('usage', `"eta" is an option of ddim, the method is ${method}`);
  const alphas = alphasCumulative(noise);
  const threshold = noise.threshold ?? null;
  if (method === 'dpm-solver++')
    return {
      clipRange: null,
      threshold,
      steps: dpmSolverSteps(noise, { alphas, steps, settings: noise.dpmSolver ?? DPM_SOLVER_DEFAULTS }),
    };
  const times = chooseTimes(noise, { steps, ends: 'both' });
  const at = (time: number | undefined, end: number) => (time === undefined || time < 0 ? end : alphas[time]!);
  const stride = Math.floor(noise.trainSteps / steps);
  return {
    clipRange: threshold === null ? noise.clipRange : null,
    threshold,
    steps: times.map((time, i): SolverStep => {
      const from = alphas[time]!;
      if (method === 'ddim') return ddimStep(time, from, at(time - stride, noise.setAlphaToOne ? 1 : alphas[0]!), eta);
      return ddpmStep(time, { from, to: at(times[i + 1], 1), noise });
    }),
  };
}
