import { z } from 'zod';
import { generatorKindSchema } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Prediction } from '../noise/schedule.ts';
import { SAMPLING_METHODS } from '../noise/solver.ts';

/** Ready-made sizes of training; what is set beside them wins. */
export const PRESETS = {
  diffusion: {
    small: { channels: 32, layersPerBlock: 1, steps: 1200, batchSize: 16, learningRate: 2e-3 },
    standard: { channels: 64, layersPerBlock: 2, steps: 20_000, batchSize: 32, learningRate: 5e-4 },
  },
  gan: {
    small: { channels: 16, layersPerBlock: 1, steps: 2000, batchSize: 16, learningRate: 8e-3 },
    standard: { channels: 32, layersPerBlock: 1, steps: 20_000, batchSize: 32, learningRate: 4e-3 },
  },
} as const;

const share = z.number().min(0).max(1);

/** All that decides the training of a generator: recorded with the run, and enough to repeat it. */
export const trainConfigurationSchema = z.strictObject({
  kind: generatorKindSchema.default('diffusion'),
  /** A folder of images; those of another size are scaled and cropped about their centre. */
  images: z.string().min(1),
  /** CSV with a column `file`; by default `labels.csv` in the folder. Needed for classes only. */
  labels: z.string().min(1).optional(),
  /** Attribute that the model is conditioned on, and its classes in order; by default those that the labels name. */
  classes: z
    .strictObject({ attribute: z.string().min(1), names: z.array(z.string().min(1)).min(1).optional() })
    .optional(),
  /** Side of the images in pixels. */
  size: z.number().int().min(8).max(512).default(32),
  preset: z.enum(['small', 'standard']).default('small'),
  /** Folder of a diffusion model to go on from: its weights and moving average, its network and what it predicts. */
  from: z.string().min(1).optional(),
  /** Channels of the finest stage. */
  channels: z.number().int().min(4).max(1024).optional(),
  layersPerBlock: z.number().int().min(1).max(8).optional(),
  dropout: z.number().min(0).lt(1).default(0),
  prediction: z.enum(['v', 'epsilon', 'x0']).optional(),
  steps: z.number().int().min(1).max(100_000_000).optional(),
  /** Images of a step. `auto`: the preset's, halved until it fits half of the free memory. */
  batchSize: z.union([z.number().int().min(1).max(4096), z.literal('auto')]).default('auto'),
  learningRate: z.number().gt(0).max(1).optional(),
  /** Mirror every other image. */
  mirror: z.boolean().default(false),
  /** Move each image by up to so many pixels; the border is repeated. */
  shift: z.number().int().min(0).max(64).default(0),
  /** Change brightness and contrast by up to this share. */
  colour: share.default(0),
  /** Contact sheets of samples that are made on the way, the last one at the end. */
  sheets: z.number().int().min(1).max(1000).default(8),
  /** How the samples of the sheets are drawn. */
  sampling: z
    .strictObject({
      method: z.enum(SAMPLING_METHODS).default('dpm-solver++'),
      steps: z.number().int().min(1).max(1000).default(20),
    })
    .default({ method: 'dpm-solver++', steps: 20 }),
  /** The state of training is kept this often, at least. */
  checkpointSeconds: z.number().min(0).max(86_400).default(30),
  /** Where the finished model goes, beside the run's own copy. */
  output: z.string().min(1).optional(),
  seed: z.number().int().nonnegative().default(1),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
  /** Threads of the CPU; all cores by default. Recorded, since their number decides how sums are rounded. */
  threads: z.number().int().min(1).max(1024).optional(),
});
export type TrainConfiguration = z.infer<typeof trainConfigurationSchema>;
export type TrainConfigurationInput = z.input<typeof trainConfigurationSchema>;

/** A configuration in which nothing is left to be decided. */
type Decided = 'channels' | 'layersPerBlock' | 'prediction' | 'steps' | 'learningRate' | 'batchSize' | 'threads';
export type ResolvedTraining = Omit<TrainConfiguration, Decided> & {
  readonly [K in Exclude<Decided, 'prediction'>]: number;
} & {
  readonly prediction: Prediction;
};

/** Checks a configuration, naming the first field that is wrong. */
export function parseTraining(input: unknown): TrainConfiguration {
  const parsed = trainConfigurationSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  throw new BiolensError('usage', `"${field}" ${issue?.message}`, { cause: parsed.error });
}
