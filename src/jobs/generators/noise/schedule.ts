import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';

/** What the network is trained to tell of a noisy image x_t = α·x₀ + σ·ε: ε, v = α·ε − σ·x₀ (Salimans and Ho 2022, §4), or x₀. */
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
}

/** Longest training schedule that is taken; diffusers' own is 1000. */
const MOST_STEPS = 100_000;
const SCHEDULES: Readonly<Record<string, BetaSchedule>> = {
  linear: 'linear',
  scaled_linear: 'scaled-linear',
  squaredcos_cap_v2: 'cosine',
};
const PREDICTIONS: Readonly<Record<string, Prediction>> = { epsilon: 'epsilon', v_prediction: 'v', sample: 'x0' };

const fileSchema = z.object({
  _class_name: z.string().optional(),
  num_train_timesteps: z.number().int().min(1).max(MOST_STEPS).default(1000),
  beta_start: z.number().positive().lt(1).default(0.0001),
  beta_end: z.number().positive().lt(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.null().default(null),
  prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).default('epsilon'),
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  set_alpha_to_one: z.boolean().default(true),
  steps_offset: z.number().int().min(0).default(0),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).optional(),
  thresholding: z.literal(false).default(false),
  rescale_betas_zero_snr: z.literal(false).default(false),
  variance_type: z.enum(['fixed_small', 'fixed_small_log', 'fixed_large']).nullable().default('fixed_small'),
});

/**
 * Reads the `scheduler_config.json` of a diffusers folder; fields of other samplers are left alone.
 *
 * @throws {BiolensError} `input` naming the file and the field.
 */
export function readNoiseSchedule(json: unknown, { file }: { readonly file: string }): NoiseSchedule {
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new BiolensError('input', `${file}: "${issue.path.join('.')}" ${issue.message}`, {
      details: { file, field: issue.path.join('.') },
    });
  }
  const found = parsed.data;
  const solver = found._class_name?.startsWith('DPMSolver') === true;
  return {
    trainSteps: found.num_train_timesteps,
    schedule: SCHEDULES[found.beta_schedule]!,
    betaStart: found.beta_start,
    betaEnd: found.beta_end,
    prediction: PREDICTIONS[found.prediction_type]!,
    clipRange: found.clip_sample && !solver ? found.clip_sample_range : null,
    setAlphaToOne: found.set_alpha_to_one,
    stepsOffset: found.steps_offset,
    spacing: found.timestep_spacing ?? (solver ? 'linspace' : 'leading'),
    ...(found.variance_type === 'fixed_large' ? { largeVariance: true } : {}),
  };
}

const keyOf = (table: Readonly<Record<string, string>>, value: string) =>
  Object.keys(table).find(key => table[key] === value)!;

/** The `scheduler_config.json` of a DDIM scheduler as diffusers reads it. */
export function writeNoiseSchedule(noise: NoiseSchedule): Readonly<Record<string, unknown>> {
  return {
    _class_name: 'DDIMScheduler',
    num_train_timesteps: noise.trainSteps,
    beta_start: noise.betaStart,
    beta_end: noise.betaEnd,
    beta_schedule: keyOf(SCHEDULES, noise.schedule),
    trained_betas: null,
    prediction_type: keyOf(PREDICTIONS, noise.prediction),
    clip_sample: noise.clipRange !== null,
    clip_sample_range: noise.clipRange ?? 1,
    set_alpha_to_one: noise.setAlphaToOne,
    steps_offset: noise.stepsOffset,
    timestep_spacing: noise.spacing,
    thresholding: false,
    rescale_betas_zero_snr: false,
    ...(noise.largeVariance === true ? { variance_type: 'fixed_large' } : {}),
  };
}

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

/** ᾱ_t, the share of the image's variance that is left at each time, `[T]` (Ho et al. 2020, §2). */
export function alphasCumulative(noise: NoiseSchedule): Float64Array {
  let product = 1;
  return Float64Array.from({ length: noise.trainSteps }, (_, step) => {
    product *= 1 - betaAt(noise, step);
    return product;
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
 * @throws {BiolensError} `usage` for no steps, or more than there are times.
 */
export function chooseTimes(
  { trainSteps, spacing, stepsOffset }: NoiseSchedule,
  { steps, ends }: { readonly steps: number; readonly ends: 'both' | 'first' },
): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > trainSteps)
    throw new BiolensError('usage', `"steps" expected a whole number from 1 to ${trainSteps}, got ${steps}`);
  const count = ends === 'both' ? steps : steps + 1;
  const list = (at: (i: number) => number) => Array.from({ length: steps }, (_, i) => at(i));
  if (spacing === 'trailing') return list(i => roundHalfToEven(trainSteps - (i * trainSteps) / steps) - 1);
  if (spacing === 'leading') {
    const stride = Math.floor(trainSteps / count);
    return list(i => Math.min((count - 1 - i) * stride + stepsOffset, trainSteps - 1));
  }
  const gap = count === 1 ? 0 : (trainSteps - 1) / (count - 1);
  return list(i => roundHalfToEven((count - 1 - i) * gap));
}
