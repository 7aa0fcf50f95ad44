import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import {
  type BetaSchedule,
  DPM_SOLVER_DEFAULTS,
  type DpmSolverSettings,
  type NoiseSchedule,
  type Prediction,
} from './schedule.ts';

/** Longest training schedule that is taken; diffusers' own is 1000. */
const MOST_STEPS = 100_000;
const SCHEDULES: Readonly<Record<string, BetaSchedule>> = {
  linear: 'linear',
  scaled_linear: 'scaled-linear',
  squaredcos_cap_v2: 'cosine',
};
const PREDICTIONS: Readonly<Record<string, Prediction>> = { epsilon: 'epsilon', v_prediction: 'v', sample: 'x0' };
/** What `solver_type` may be; diffusers takes the types of other solvers as midpoint. */
const SOLVER_TYPES: Readonly<Record<string, DpmSolverSettings['type']>> = {
  midpoint: 'midpoint',
  heun: 'heun',
  logrho: 'midpoint',
  bh1: 'midpoint',
  bh2: 'midpoint',
};
const SPACINGS = ['leading', 'linspace', 'trailing'] as const;

/** Schedulers of diffusers whose files are read. */
const DPM_SOLVER = 'DPMSolverMultistepScheduler';
export const SCHEDULER_CLASSES: readonly string[] = [
  'DDIMScheduler',
  'DDIMParallelScheduler',
  'DDPMScheduler',
  'DDPMParallelScheduler',
  DPM_SOLVER,
];

const off = z.literal(false).default(false);
const classSchema = z.object({ _class_name: z.string().max(200).optional() });

/** What all schedulers of the list share; fields of other schedulers, which diffusers carries along, are left alone. */
const fileSchema = z.object({
  num_train_timesteps: z.number().int().min(1).max(MOST_STEPS).default(1000),
  beta_start: z.number().positive().lt(1).default(0.0001),
  beta_end: z.number().positive().lt(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.null().default(null),
  prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).default('epsilon'),
  /** Of diffusers before 0.9. */
  predict_epsilon: z.literal(true).nullable().default(true),
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  set_alpha_to_one: z.boolean().default(true),
  steps_offset: z.number().int().min(0).max(MOST_STEPS).default(0),
  timestep_spacing: z.enum(SPACINGS).optional(),
  thresholding: z.boolean().default(false),
  dynamic_thresholding_ratio: z.number().min(0).max(1).default(0.995),
  sample_max_value: z.number().positive().default(1),
  rescale_betas_zero_snr: off,
  variance_type: z
    .enum(['fixed_small', 'fixed_small_log', 'fixed_large', 'learned_range'])
    .nullable()
    .default('fixed_small'),
});

const dpmSolverSchema = z.object({
  algorithm_type: z.enum(['dpmsolver++', 'deis']).default('dpmsolver++'),
  solver_order: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(DPM_SOLVER_DEFAULTS.order),
  solver_type: z.enum(Object.keys(SOLVER_TYPES)).default('midpoint'),
  lower_order_final: z.boolean().default(DPM_SOLVER_DEFAULTS.lowerOrderFinal),
  euler_at_final: z.boolean().default(DPM_SOLVER_DEFAULTS.eulerAtFinal),
  use_karras_sigmas: z.boolean().nullable().default(false),
  use_exponential_sigmas: off.nullable(),
  use_beta_sigmas: off.nullable(),
  use_lu_lambdas: off.nullable(),
  use_flow_sigmas: off.nullable(),
  use_dynamic_shifting: off.nullable(),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  /** −∞, as Python writes it, leaves no time out. */
  lambda_min_clipped: z.union([z.literal(Number.NEGATIVE_INFINITY), z.number()]).default(Number.NEGATIVE_INFINITY),
});

function parse<S extends z.ZodType>(schema: S, json: unknown, file: string): z.output<S> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join('.');
  throw new BiolensError(
    'input',
    field === '' ? `${file}: expected a JSON object` : `${file}: "${field}" ${issue.message}`,
    {
      details: { file, field },
    },
  );
}

function readDpmSolver(json: unknown, file: string): DpmSolverSettings {
  const found = parse(dpmSolverSchema, json, file);
  return {
    order: found.solver_order,
    type: SOLVER_TYPES[found.solver_type]!,
    karras: found.use_karras_sigmas === true,
    lowerOrderFinal: found.lower_order_final,
    eulerAtFinal: found.euler_at_final,
    finalSigma: found.final_sigmas_type === 'zero' ? 'zero' : 'sigma-min',
    smallestLambda: Number.isFinite(found.lambda_min_clipped) ? found.lambda_min_clipped : null,
  };
}

/**
 * Reads the `scheduler_config.json` of a diffusers folder. Schedulers outside {@link SCHEDULER_CLASSES} have noise of another kind, or steps that
 * biolens does not take.
 *
 * @throws {BiolensError} `input` naming the file and the class or field.
 */
export function readNoiseSchedule(json: unknown, { file }: { readonly file: string }): NoiseSchedule {
  const { _class_name: name } = parse(classSchema, json, file);
  if (name !== undefined && !SCHEDULER_CLASSES.includes(name))
    throw new BiolensError(
      'input',
      `${file}: "_class_name" ${JSON.stringify(name)} is not a scheduler that biolens reads (${SCHEDULER_CLASSES.join(', ')})`,
      { details: { file, field: '_class_name' } },
    );
  const found = parse(fileSchema, json, file);
  const isDpmSolver = name === DPM_SOLVER;
  return {
    trainSteps: found.num_train_timesteps,
    schedule: SCHEDULES[found.beta_schedule]!,
    betaStart: found.beta_start,
    betaEnd: found.beta_end,
    prediction: PREDICTIONS[found.prediction_type]!,
    clipRange: found.clip_sample ? found.clip_sample_range : null,
    setAlphaToOne: found.set_alpha_to_one,
    stepsOffset: found.steps_offset,
    spacing: found.timestep_spacing ?? (isDpmSolver ? 'linspace' : 'leading'),
    ...(found.variance_type === 'fixed_large' ? { largeVariance: true } : {}),
    ...(found.variance_type === 'learned_range' ? { learnedVariance: true } : {}),
    ...(found.thresholding
      ? { threshold: { ratio: found.dynamic_thresholding_ratio, most: found.sample_max_value } }
      : {}),
    ...(isDpmSolver ? { dpmSolver: readDpmSolver(json, file) } : {}),
  };
}

const keyOf = (table: Readonly<Record<string, string>>, value: string) =>
  Object.keys(table).find(key => table[key] === value)!;

function writeDpmSolver(settings: DpmSolverSettings): Readonly<Record<string, unknown>> {
  return {
    algorithm_type: 'dpmsolver++',
    solver_order: settings.order,
    solver_type: settings.type,
    use_karras_sigmas: settings.karras,
    lower_order_final: settings.lowerOrderFinal,
    euler_at_final: settings.eulerAtFinal,
    final_sigmas_type: settings.finalSigma === 'zero' ? 'zero' : 'sigma_min',
    // diffusers' own default says −∞, which JSON has no word for.
    ...(settings.smallestLambda === null ? {} : { lambda_min_clipped: settings.smallestLambda }),
  };
}

/** The scheduler that {@link writeNoiseSchedule} writes. */
export function schedulerClassOf({ dpmSolver }: NoiseSchedule): string {
  return dpmSolver === undefined ? 'DDIMScheduler' : DPM_SOLVER;
}

/** The `scheduler_config.json` of a scheduler as diffusers reads it. */
export function writeNoiseSchedule(noise: NoiseSchedule): Readonly<Record<string, unknown>> {
  const { threshold, dpmSolver } = noise;
  return {
    _class_name: schedulerClassOf(noise),
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
    thresholding: threshold !== undefined,
    ...(threshold === undefined
      ? {}
      : { dynamic_thresholding_ratio: threshold.ratio, sample_max_value: threshold.most }),
    rescale_betas_zero_snr: false,
    ...(noise.largeVariance === true ? { variance_type: 'fixed_large' } : {}),
    ...(noise.learnedVariance === true ? { variance_type: 'learned_range' } : {}),
    ...(dpmSolver === undefined ? {} : writeDpmSolver(dpmSolver)),
  };
}
