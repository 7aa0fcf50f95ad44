import { z } from 'zod';
import { SAMPLING_METHODS } from '../generators/index.ts';
import { READINGS } from './rewards/bias.ts';
import { COMBINATIONS } from './rewards/combine.ts';
import { DEGREES } from './rewards/replication.ts';

/** Which training images the regulariser E_D takes, and how much each counts. */
export const REGULARISERS = ['all', 'unique', 'balanced'] as const;
/** Other ways to the targets that a mitigation can be compared with. */
export const METHODS = ['rejection', 'guidance'] as const;

const share = z.number().min(0).max(1);
const path = z.string().min(1);

/** Wanted shares: equal ones, those of the classes in their order, or by class. */
export const biasTargetSchema = z.union([z.literal('uniform'), z.array(share).min(2), z.record(z.string(), share)]);
export type BiasTarget = z.infer<typeof biasTargetSchema>;

/** All that decides a mitigation: recorded with the run, and enough to repeat it. */
export const mitigationConfigurationSchema = z.strictObject({
  /** Folder of a diffusion model, as diffusers writes it. */
  model: path,
  /** Folder of the images that the model was trained on. */
  training: path,
  /** Folder of real images that it never saw: makes the audit surer, and is what quality is measured against. */
  heldout: path.optional(),
  /** CSV with a column `file`; by default `labels.csv` in the folder. */
  trainingLabels: path.optional(),
  heldoutLabels: path.optional(),
  /** Whether copying is to be mended. */
  replication: z.boolean().default(false),
  /** Attribute → wanted shares. */
  bias: z.record(z.string(), biasTargetSchema).default({}),
  /** ONNX models whose output is a reward of its own: a path, or `path#attribute=class` for the probability of a class. */
  rewards: z.array(path).default([]),

  /** Share of copies from which the replication goal holds, the end of its interval included. */
  copied: share.default(0.01),
  /** Distance from its target that both ends of a share's interval must keep. */
  tolerance: z.number().gt(0).lt(1).default(0.05),
  /** Largest Fréchet distance as a multiple of that of the model before; the loop stops above it. 0: no floor. */
  qualityFloor: z.number().min(0).default(1.1),

  /** Most rounds of tuning. */
  rounds: z.number().int().min(0).max(1000).default(8),
  /** Samples that a round is tuned on. */
  samples: z.number().int().min(16).max(1_000_000).default(512),
  /** Samples that the audits before and after take, and the most that a round draws to be sure of its intervals. */
  auditSamples: z.number().int().min(16).max(1_000_000).default(1024),
  /** Weight of the training images' loss beside that of the samples. */
  gamma: z.number().min(0).max(1000).default(0.1),
  reading: z.enum(READINGS).default('A'),
  /** Aims beyond a target by this times what the tuned rounds so far missed it by, summed; 0: at the target itself. */
  integral: z.number().min(0).max(10).default(0),
  combination: z.enum(COMBINATIONS).default('product'),
  degree: z.enum(DEGREES).default('cosine'),
  /** Whether a sample that is called a copy gets the reward 0. */
  rejectCopies: z.boolean().default(false),
  /** Whether rewards are brought to a mean of 1 in each round, so that γ weighs alike in all. */
  normalise: z.boolean().default(false),
  regulariser: z.enum(REGULARISERS).default('all'),

  /** Steps of gradient descent a round. */
  steps: z.number().int().min(1).max(1_000_000).default(150),
  batch: z.number().int().min(2).max(4096).default(32),
  learningRate: z.number().gt(0).lt(1).default(5e-4),
  /** Moving average of the weights that is sampled and kept; 0: the weights themselves. */
  average: z.number().min(0).lt(1).default(0.98),

  sampler: z.enum(SAMPLING_METHODS).default('dpm-solver++'),
  samplingSteps: z.number().int().min(1).max(1000).default(20),

  /** `built-in`, `appearance`, or the path of an ONNX model with a card. */
  embedder: path.default('built-in'),
  /** `built-in`, the path of an ONNX model with a card, or `none`. */
  classifier: path.default('built-in'),
  /** What to do with an image in which no face is found: `skip` it, or take the `whole` image for the face. */
  noFace: z.enum(['skip', 'whole']).default('skip'),
  permutations: z.number().int().min(19).max(1_000_000).default(999),
  /** Other methods to measure beside the mended model. */
  compare: z.array(z.enum(METHODS)).default([]),
  /** Folder that gets the mended model too. */
  output: path.optional(),
  seed: z.number().int().nonnegative().default(0),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
});
export type MitigationConfiguration = z.infer<typeof mitigationConfigurationSchema>;
export type MitigationConfigurationInput = z.input<typeof mitigationConfigurationSchema>;
