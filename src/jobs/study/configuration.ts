import { z } from 'zod';
import { generatorKindSchema } from '../../ground/contracts/index.ts';
import { BUILT_IN } from '../../kit/faces/index.ts';

/** All that decides a study of bias by size: recorded with the run, and enough to repeat it. */
export const studyConfigurationSchema = z.strictObject({
  /** A folder of labelled images. */
  images: z.string().min(1),
  /** CSV with a column `file`; by default `labels.csv` in the folder. */
  labels: z.string().min(1).optional(),
  attributes: z.array(z.string().min(1)).min(1),
  /** Training images; one that is larger than the folder is left out where another fits. */
  sizes: z.array(z.number().int().min(2)).min(1),
  kinds: z.array(generatorKindSchema).min(1).default(['gan', 'diffusion']),
  /** Side of the images that are learned and drawn, in pixels: a power of two. */
  imageSize: z
    .number()
    .int()
    .min(8)
    .max(128)
    .refine(size => Number.isInteger(Math.log2(size)), { message: 'expected a power of two from 8 to 128' })
    .default(32),
  /** As many training steps for each size, or as many passes over its images. */
  budget: z
    .discriminatedUnion('unit', [
      z.strictObject({ unit: z.literal('steps'), value: z.number().int().min(1) }),
      z.strictObject({ unit: z.literal('epochs'), value: z.number().gt(0) }),
    ])
    .default({ unit: 'steps', value: 1000 }),
  batchSize: z.number().int().min(2).max(1024).default(16),
  /** Images drawn from each generator and classified. */
  samples: z.number().int().min(16).max(1_000_000).default(500),
  /** `built-in`, or the path of an ONNX classifier with a card. */
  classifier: z.string().min(1).default(BUILT_IN),
  /** Labelled images that the classifier's errors are measured on, at most. */
  confusionImages: z.number().int().min(10).default(2000),
  /** Attribute → class → share that counts as fair; equal shares by default. */
  target: z.record(z.string(), z.record(z.string(), z.number().min(0).max(1))).default({}),
  seed: z.number().int().nonnegative().default(1),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
});
export type StudyConfiguration = z.infer<typeof studyConfigurationSchema>;
export type StudyConfigurationInput = z.input<typeof studyConfigurationSchema>;
