import { BiolensError } from '../../../ground/errors.ts';

/** What the network predicts of a noisy image x_t = α·x₀ + σ·ε: ε, v = α·ε − σ·x₀ (Salimans and Ho 2022, §4), or x₀. */
export type Prediction = 'epsilon' | 'v' | 'x0';
export type BetaSchedule = 'linear' | 'scaled-linear' | 'cosine';
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';

/** How images are buried in noise, step by step, and how the steps back are chosen. */
export interface NoiseSchedule {
  /** Steps T of training; times are 0 … T − 1. */
  readonly trainSteps: number;
  /** `cosine` is Nichol and Dhariwal 2021, eq. 17; it has no use for the two ends. */
  readonly schedule: BetaSchedule;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly prediction: Prediction;
  /** Predicted images are held within ± this by DDPM and DDIM; null: they are not. */
  readonly clipRange: number | null;
  /** The last step ends at no noise at all, instead of at the noise of time 0. */
  readonly setAlphaToOne: boolean;
  /** Added to the times of `leading` spacing. */
  readonly stepsOffset: number;
  /** Which times few steps visit (Lin et al. 2024, table 2); only `trailing` and `linspace` begin at the last one. */
  readonly spacing: TimestepSpacing;
  /** DDPM adds noise of the variance β (Ho et al. 2020, §3.2, the first choice) instead of the posterior's, the second. Default false. */
  readonly largeVariance?: boolean;
  /** The network gives the variance too, between the two choices (Nichol and Dhariwal 2021, eq. 15). Default false. */
  readonly learnedVariance?: boolean;
  /**
   * Dynamic thresholding (Saharia et al. 2022, §2.3) instead of `clipRange`: each predicted image is held within its own quantile `ratio` of
   * absolute values, at least 1 and at most `most`, and divided by it.
   */
  readonly threshold?: { readonly ratio: number; readonly most: number };
  /** Default {@link DPM_SOLVER_DEFAULTS}. */
  readonly dpmSolver?: DpmSolverSettings;
}

/** How DPM-Solver++ goes from noise to image; defaults are those of diffusers' `DPMSolverMultistepScheduler`. */
export interface DpmSolverSettings {
  readonly order: 1 | 2 | 3;
  /** Of the second-order step. */
  readonly type: 'midpoint' | 'heun';
  /** Levels of noise as in Karras et al. 2022, eq. 5 (ρ = 7), instead of those of evenly spaced times. */
  readonly karras: boolean;
  /** Fewer than 15 steps end with a step of second and one of first order. */
  readonly lowerOrderFinal: boolean;
  /** The last step is of first order, whatever their number. */
  readonly eulerAtFinal: boolean;
  /** Where the last step ends: at the image, or at the noise of time 0. */
  readonly finalSigma: 'zero' | 'sigma-min';
  /** Times whose log signal-to-noise ratio λ is lower are left out; null: none. */
  readonly smallestLambda: number | null;
}

export const DPM_SOLVER_DEFAULTS: DpmSolverSettings = {
  order: 2,
  type: 'midpoint',
  karras: false,
  lowerOrderFinal: true,
  eulerAtFinal: false,
  finalSigma: 'zero',
  smallestLambda: null,
};

/** Largest β of the cosine schedule, which would end at 1. */
const LARGEST_BETA = 0.999;
const keptUntil = (share: number): number => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2;

function betaAt({ schedule, betaStart, betaEnd, trainSteps }: NoiseSchedule, step: number): number {
  if (schedule === 'cosine')
    return Math.min(1 - keptUntil((step + 1) / trainSteps) / keptUntil(step / trainSteps), LARGEST_BETA);
  const share = trainSteps === 1 ? 0 : step / (trainSteps - 1);
  if (schedule === 'linear') return betaStart + (betaEnd - betaStart) * share;
  return (Math.sqrt(betaStart) + (Math.sqrt(betaEnd) - Math.sqrt(betaStart)) * share) ** 2;
}

/**
 * ᾱ_t, the share of the image's variance that is left at each time, `[T]` (Ho et al. 2020, §2). Rounded to single precision where diffusers rounds:
 * at the noisy end of the cosine schedule that is 3·10⁻⁵ of it.
 */
export function alphasCumulative(noise: NoiseSchedule): Float64Array {
  let product = 1;
  return Float64Array.from({ length: noise.trainSteps }, (_, step) => {
    product *= Math.fround(1 - Math.fround(betaAt(noise, step)));
    return Math.fround(product);
  });
}

/** NumPy's rounding: halves go to the even neighbour. */
function roundHalfToEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/**
 * The times that `steps` steps visit, from noise to image, as diffusers chooses them.
 *
 * @param ends how many of the ends of the interval are visited: DDPM and DDIM step from the first time to the last, DPM-Solver++ leaves the
 *   last one out
 * @param last how many of the times there are to choose from; all by default
 * @throws {BiolensError} `usage` for no steps, or more than there are times.
 */
export function chooseTimes(
  { trainSteps, spacing, stepsOffset }: NoiseSchedule,
  {
    steps,
    ends,
    last = trainSteps,
  }: { readonly steps: number; readonly ends: 'both' | 'first'; readonly last?: number },
): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > trainSteps)
    throw new BiolensError('usage', `"steps" expected a whole number from 1 to ${trainSteps}, got ${steps}`);
  const count = ends === 'both' ? steps : steps + 1;
  const list = (at: (i: number) => number) => Array.from({ length: steps }, (_, i) => at(i));
  if (spacing === 'trailing')
    return list(i => last - (i * trainSteps) / steps)
      .filter(at => at > 0)
      .map(at => roundHalfToEven(at) - 1);
  if (spacing === 'leading') {
    const stride = Math.floor(last / count);
    return list(i => Math.min((count - 1 - i) * stride + stepsOffset, trainSteps - 1));
  }
  const gap = count === 1 ? 0 : (last - 1) / (count - 1);
  return list(i => roundHalfToEven((count - 1 - i) * gap));
}
