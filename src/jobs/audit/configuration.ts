import { z } from 'zod';
import { REPLICATION_DEFAULTS } from './replication.ts';

const rate = z.number().gt(0).lt(1);

/** All that decides an audit of folders and files: recorded with the run, and enough to repeat it. */
export const auditConfigurationSchema = z.strictObject({
  /** A folder of images, or a `.npy` or `.safetensors` file of embeddings. */
  training: z.string().min(1),
  generated: z.string().min(1),
  /** Real items that the generator never saw. */
  heldout: z.string().min(1).optional(),
  /** CSV with a column `file`; by default `labels.csv` in the folder. For embeddings, one line a row in their order. */
  trainingLabels: z.string().min(1).optional(),
  generatedLabels: z.string().min(1).optional(),
  /** Attributes to report; by default all that both sets have. */
  attributes: z.array(z.string().min(1)).min(1).optional(),
  /** Attribute → class → share that counts as fair; equal shares by default. */
  target: z.record(z.string(), z.record(z.string(), z.number().min(0).max(1))).default({}),
  /** `built-in` (faces), `appearance` (whole pictures, implies `noFace: 'whole'`), or the path of an ONNX model with a card. */
  embedder: z.string().min(1).default('built-in'),
  /** `built-in`, the path of an ONNX model, `none`, or `auto`: the built-in one where a set has no labels. */
  classifier: z.string().min(1).default('auto'),
  /** What to do with an image in which no face is found: `skip` it, or take the `whole` image for the face. */
  noFace: z.enum(['skip', 'whole']).default('skip'),
  /** Pairs of unrelated faces that may exceed the matching threshold, as a share. */
  falseMatchRate: rate.default(REPLICATION_DEFAULTS.falseMatchRate),
  /** Expected share of false ones among the called copies. */
  falseDiscoveryRate: rate.default(REPLICATION_DEFAULTS.falseDiscoveryRate),
  /** Relabellings of training against held-out images. */
  permutations: z.number().int().min(19).max(1_000_000).default(REPLICATION_DEFAULTS.permutations),
  /** Subtract the mean training embedding before cosines are taken. */
  centre: z.boolean().default(REPLICATION_DEFAULTS.centre),
  seed: z.number().int().nonnegative().default(0),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
});
export type AuditConfiguration = z.infer<typeof auditConfigurationSchema>;
export type AuditConfigurationInput = z.input<typeof auditConfigurationSchema>;
