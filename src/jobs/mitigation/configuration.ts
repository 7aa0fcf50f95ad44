import { z } from 'zod';
import { SAMPLING_METHODS } from '../../ground/contracts/index.ts';
import { deviceField, field, noFaceField, pathSchema, seedField, sharesText } from '../../kit/job/index.ts';
import { READINGS } from './rewards/bias.ts';
import { COMBINATIONS } from './rewards/combine.ts';
import { DEGREES } from './rewards/replication.ts';

/** Which training images the regulariser E_D takes, and how much each counts. */
export const REGULARISERS = ['all', 'unique', 'balanced'] as const;
/** Other ways to the targets that a mitigation can be compared with. */
export const METHODS = ['rejection', 'guidance'] as const;

const share = z.number().min(0).max(1);

/** Wanted shares: equal ones, those of the classes in their order, or by class. */
export const biasTargetSchema = z.union([z.literal('uniform'), z.array(share).min(2), z.record(z.string(), share)]);
export type BiasTarget = z.infer<typeof biasTargetSchema>;

/** All that decides a mitigation: recorded with the run, and enough to repeat it. */
export const mitigationConfigurationSchema = z.strictObject({
  model: field(pathSchema, {
    flag: '--model <dir>',
    help: 'diffusion model: a folder of diffusers',
    is: 'model-folder',
  }),
  training: field(pathSchema, {
    flag: '--train <dir>',
    help: 'folder of the images that it was trained on',
    is: 'image-folder',
  }),
  /** Quality is measured against it too. */
  heldout: field(pathSchema.optional(), {
    flag: '--heldout <dir>',
    help: 'folder of real faces that it never saw: makes every answer more certain',
    is: 'image-folder',
  }),
  /** CSV with a column `file`. */
  trainingLabels: field(pathSchema.optional(), {
    flag: '--labels <csv>',
    help: 'labels of the training images',
    is: 'label-table',
    otherwise: 'labels.csv in the folder',
  }),
  heldoutLabels: field(pathSchema.optional(), {
    flag: '--heldout-labels <csv>',
    help: 'labels of the held-out images',
    is: 'label-table',
    otherwise: 'labels.csv in the folder',
  }),
  replication: field(z.boolean().default(false), {
    flag: '--replication',
    help: 'fine-tune against copying: no sample may resemble a training image too much',
  }),
  /** Attribute → wanted shares. */
  bias: field(z.record(z.string(), biasTargetSchema).default({}), {
    flag: '--bias <shares>',
    help: 'shares that an attribute is to have: gender=0.5,0.5 in the order of the classes, gender=male:0.5,female:0.5 or skinTone=uniform; may be repeated',
    is: 'shares',
    text: sharesText({ lists: true, uniform: 'uniform' }),
  }),
  /** ONNX models whose output is a reward of its own: a path, or `path#attribute=class` for the probability of a class. */
  rewards: field(z.array(pathSchema).default([]), {
    flag: '--reward <model>',
    help: 'ONNX model with a card whose one number is a reward, or model.onnx#attribute=class; may be repeated',
    is: 'onnx-model',
  }),

  /** The end of its interval included. */
  copied: field(share.default(0.01), {
    flag: '--copied <share>',
    help: 'share of copies up to which the goal against copying holds',
  }),
  tolerance: field(z.number().gt(0).lt(1).default(0.05), {
    flag: '--tolerance <share>',
    help: 'distance from its target that both ends of an interval must keep',
  }),
  qualityFloor: field(z.number().min(0).default(1.1), {
    flag: '--quality-floor <factor>',
    help: 'stop when the Fréchet distance exceeds this times that before; 0: never',
  }),

  rounds: field(z.number().int().min(0).max(1000).default(8), {
    flag: '--rounds <n>',
    help: 'most rounds of fine-tuning',
  }),
  samples: field(z.number().int().min(16).max(1_000_000).default(512), {
    flag: '--samples <n>',
    help: 'samples of a round',
  }),
  /** Also the most that a round generates to be sure of its intervals. */
  auditSamples: field(z.number().int().min(16).max(1_000_000).default(1024), {
    flag: '--audit-samples <n>',
    help: 'samples of the audits before and after',
  }),
  gamma: field(z.number().min(0).max(1000).default(0.1), {
    flag: '--gamma <weight>',
    help: 'weight of the training images beside the samples: more keeps quality and brings copies back',
  }),
  reading: field(z.enum(READINGS).default('A'), {
    flag: '--reading <reading>',
    help: 'reading of the bias reward: A powers, B products',
  }),
  /** 0: at the target itself. */
  integral: field(z.number().min(0).max(10).default(0), {
    flag: '--integral <gain>',
    help: 'aim beyond a target by this times what the rounds so far missed it by, summed',
  }),
  combination: field(z.enum(COMBINATIONS).default('product'), {
    flag: '--combination <how>',
    help: 'how rewards of several goals become one',
  }),
  degree: field(z.enum(DEGREES).default('cosine'), {
    flag: '--degree <how>',
    help: 'how the degree of replication is read off a similarity',
  }),
  rejectCopies: field(z.boolean().default(false), {
    flag: '--reject-copies',
    help: 'give samples that are called copies the reward 0',
  }),
  /** So that γ weighs alike in all rounds. */
  normalise: field(z.boolean().default(false), {
    flag: '--normalise',
    help: 'bring the rewards of each round to a mean of 1',
  }),
  regulariser: field(z.enum(REGULARISERS).default('all'), {
    flag: '--regulariser <which>',
    help: 'training images of the regulariser: all alike, duplicates once, or weighted to the targets too',
  }),

  steps: field(z.number().int().min(1).max(1_000_000).default(150), {
    flag: '--steps <n>',
    help: 'steps of gradient descent a round',
  }),
  batch: field(z.number().int().min(2).max(4096).default(32), { flag: '--batch <n>', help: 'images of a step' }),
  learningRate: field(z.number().gt(0).lt(1).default(5e-4), { flag: '--learning-rate <rate>', help: 'of Adam' }),
  /** It is what is sampled and kept. */
  average: field(z.number().min(0).lt(1).default(0.98), {
    flag: '--average <decay>',
    help: 'moving average of the weights; 0: none',
  }),

  sampler: field(z.enum(SAMPLING_METHODS).default('dpm-solver++'), {
    flag: '--sampler <method>',
    help: 'how samples are generated',
  }),
  samplingSteps: field(z.number().int().min(1).max(1000).default(20), {
    flag: '--sampling-steps <n>',
    help: 'network evaluations a sample',
  }),

  embedder: field(pathSchema.default('built-in'), {
    flag: '--embedder <model>',
    help: '"built-in", "appearance" for small or drawn images, or an ONNX model with a card',
    is: 'onnx-model',
    words: ['built-in', 'appearance'],
  }),
  classifier: field(pathSchema.default('built-in'), {
    flag: '--classifier <model>',
    help: 'ONNX classifier with its card, or "built-in"',
    is: 'onnx-model',
    words: ['built-in', 'none'],
  }),
  noFace: noFaceField(),
  permutations: field(z.number().int().min(19).max(1_000_000).default(999), {
    flag: '--permutations <n>',
    help: 'relabellings in the permutation test',
  }),
  compare: field(z.array(z.enum(METHODS)).default([]), {
    flag: '--compare <methods>',
    help: 'measure other methods too: rejection, guidance',
    commas: true,
  }),
  /** Beside the one in the run. */
  output: field(pathSchema.optional(), {
    flag: '-o, --output <dir>',
    help: 'folder that gets the fine-tuned model',
    is: 'output-folder',
    otherwise: "the run's artifacts/model only",
  }),
  seed: seedField(),
  device: deviceField(),
});
export type MitigationConfiguration = z.infer<typeof mitigationConfigurationSchema>;
export type MitigationConfigurationInput = z.input<typeof mitigationConfigurationSchema>;
