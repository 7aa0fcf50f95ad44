import { z } from 'zod';
import { generatorKindSchema, SAMPLING_METHODS } from '../../../ground/contracts/index.ts';
import { deviceField, field, pathSchema, seedField } from '../../../kit/job/index.ts';
import type { Prediction } from '../noise/schedule.ts';
import { classesText, numberOrAutoText } from './text-forms.ts';

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

const OF_PRESET = "the preset's";

/** All that decides the training of a generator: recorded with the run, and enough to repeat it. */
export const trainConfigurationSchema = z.strictObject({
  images: field(pathSchema, {
    flag: '--images <dir>',
    help: 'images to learn from; other sizes are scaled and cropped about their centre',
    is: 'image-folder',
  }),
  /** Beside the run's own copy. */
  output: field(pathSchema.optional(), {
    flag: '-o, --output <dir>',
    help: 'folder for the finished model',
    is: 'output-folder',
    otherwise: "the run's artifacts/model only",
  }),
  kind: field(generatorKindSchema.default('diffusion'), { flag: '--kind <kind>', help: 'what to train' }),
  size: field(z.number().int().min(8).max(512).default(32), {
    flag: '--size <pixels>',
    help: 'side of the images, 8 to 512',
  }),
  preset: field(z.enum(['small', 'standard']).default('small'), {
    flag: '--preset <preset>',
    help: 'network and length of training; single options below win over it',
  }),
  /** Its weights and moving average, its network and what it predicts. */
  from: field(pathSchema.optional(), {
    flag: '--from <dir>',
    help: 'start from the weights of a diffusion model: a folder of diffusers',
    is: 'model-folder',
    otherwise: 'fresh weights',
  }),
  /** By default those classes that the labels name. */
  classes: field(
    z.strictObject({ attribute: z.string().min(1), names: z.array(z.string().min(1)).min(1).optional() }).optional(),
    {
      flag: '--classes <attribute>',
      help: 'condition on an attribute of the labels: gender, or gender=male,female',
      otherwise: 'none',
      text: classesText,
    },
  ),
  /** CSV with a column `file`. Needed for classes only. */
  labels: field(pathSchema.optional(), {
    flag: '--labels <csv>',
    help: 'labels of the images',
    is: 'label-table',
    otherwise: 'labels.csv in the folder',
  }),
  steps: field(z.number().int().min(1).max(100_000_000).optional(), {
    flag: '--steps <n>',
    help: 'training steps',
    otherwise: OF_PRESET,
  }),
  /** `auto`: the preset's, halved until it fits half of the free memory. */
  batchSize: field(z.union([z.number().int().min(1).max(4096), z.literal('auto')]).default('auto'), {
    flag: '--batch <n>',
    help: 'images of a step',
    otherwise: "the preset's, fewer where memory is short",
    text: numberOrAutoText,
  }),
  channels: field(z.number().int().min(4).max(1024).optional(), {
    flag: '--channels <n>',
    help: 'channels of the finest stage',
    otherwise: OF_PRESET,
  }),
  layersPerBlock: field(z.number().int().min(1).max(8).optional(), {
    flag: '--layers <n>',
    help: 'residual blocks of a stage',
    otherwise: OF_PRESET,
  }),
  learningRate: field(z.number().gt(0).max(1).optional(), {
    flag: '--learning-rate <rate>',
    help: 'highest learning rate',
    otherwise: OF_PRESET,
  }),
  dropout: field(z.number().min(0).lt(1).default(0), {
    flag: '--dropout <share>',
    help: 'share of activations that training drops',
  }),
  prediction: field(z.enum(['v', 'epsilon', 'x0']).optional(), {
    flag: '--prediction <what>',
    help: 'what a diffusion model predicts',
    otherwise: 'v',
  }),
  mirror: field(z.boolean().default(false), {
    flag: '--mirror',
    help: 'flip half of the images left to right, at random',
  }),
  /** The border is repeated. */
  shift: field(z.number().int().min(0).max(64).default(0), {
    flag: '--shift <pixels>',
    help: 'move images by up to so many pixels',
  }),
  colour: field(z.number().min(0).max(1).default(0), {
    flag: '--colour <share>',
    help: 'change brightness and contrast by up to this share',
  }),
  sheets: field(z.number().int().min(1).max(1000).default(8), {
    flag: '--sheets <n>',
    help: 'sheets of samples to make on the way, the last one at the end',
  }),
  /** Of the samples on the sheets. */
  sampling: z
    .strictObject({
      method: field(z.enum(SAMPLING_METHODS).default('dpm-solver++'), {
        flag: '--sheet-method <method>',
        help: 'how the samples of the sheets are made',
      }),
      steps: field(z.number().int().min(1).max(1000).default(20), {
        flag: '--sheet-steps <n>',
        help: 'network evaluations an image of the sheets',
      }),
    })
    .prefault({}),
  checkpointSeconds: field(z.number().min(0).max(86_400).default(30), {
    flag: '--checkpoint-seconds <s>',
    help: 'write a checkpoint at least this often',
    changeable: true,
  }),
  /** Recorded, for the sake of the rounding. */
  threads: field(z.number().int().min(1).max(1024).optional(), {
    flag: '--threads <n>',
    help: 'threads of the CPU; their number decides how sums are rounded',
    otherwise: 'all cores',
  }),
  seed: seedField(),
  device: deviceField(),
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
