import { z } from 'zod';
import { deviceField, field, noFaceField, pathSchema, seedField, targetField } from '../../kit/job/index.ts';
import { REPLICATION_DEFAULTS } from './replication-defaults.ts';

const rate = z.number().gt(0).lt(1);

/** All that decides an audit of folders and files: recorded with the run, and enough to repeat it. */
export const auditConfigurationSchema = z.strictObject({
  training: field(pathSchema, {
    flag: '--train <path>',
    help: 'training faces: a folder, .zip, .tar or .parquet of images, or embeddings (.npy, .safetensors)',
    is: 'images-or-embeddings',
  }),
  generated: field(pathSchema, {
    flag: '--generated <path>',
    help: 'generated faces, likewise',
    is: 'images-or-embeddings',
  }),
  heldout: field(pathSchema.optional(), {
    flag: '--heldout <path>',
    help: 'real faces that the generator never saw: makes every answer more certain',
    is: 'images-or-embeddings',
  }),
  /** CSV with a column `file`; for embeddings, one line a row in their order. */
  trainingLabels: field(pathSchema.optional(), {
    flag: '--labels <csv>',
    help: 'labels of the training faces',
    is: 'label-table',
    otherwise: 'labels.csv in the folder',
  }),
  generatedLabels: field(pathSchema.optional(), {
    flag: '--generated-labels <csv>',
    help: 'labels of the generated faces',
    is: 'label-table',
    otherwise: 'labels.csv in the folder',
  }),
  attributes: field(z.array(z.string().min(1)).min(1).optional(), {
    flag: '--attribute <name>',
    help: 'attribute to report, such as gender; may be repeated',
    is: 'attribute',
    otherwise: 'all that both sets have',
  }),
  /** Attribute → class → share. */
  target: targetField(),
  embedder: field(pathSchema.default('built-in'), {
    flag: '--embedder <path>',
    help: '"built-in" (faces), "appearance" (whole images: drawn faces, small samples), or an ONNX embedder with its model card',
    is: 'onnx-model',
    words: ['built-in', 'appearance'],
  }),
  classifier: field(pathSchema.default('auto'), {
    flag: '--classifier <path>',
    help: 'ONNX classifier with its model card, "built-in", "none", or "auto": built-in where labels are missing',
    is: 'onnx-model',
    words: ['auto', 'built-in', 'none'],
  }),
  noFace: noFaceField(),
  faces: field(z.enum(['largest', 'all']).default('largest'), {
    flag: '--faces <which>',
    help: 'faces of an image that are compared: the largest, or all',
  }),
  falseMatchRate: field(rate.default(REPLICATION_DEFAULTS.falseMatchRate), {
    flag: '--false-match-rate <rate>',
    help: 'share of unrelated pairs above the matching threshold',
  }),
  falseDiscoveryRate: field(rate.default(REPLICATION_DEFAULTS.falseDiscoveryRate), {
    flag: '--fdr <rate>',
    help: 'share of false ones expected among the called copies',
  }),
  permutations: field(z.number().int().min(19).max(1_000_000).default(REPLICATION_DEFAULTS.permutations), {
    flag: '--permutations <n>',
    help: 'relabellings of training against held-out images in the permutation test',
  }),
  centre: field(z.boolean().default(REPLICATION_DEFAULTS.centre), {
    flag: '--no-centre',
    help: 'compare embeddings without subtracting the mean training embedding',
  }),
  cache: field(z.boolean().default(true), {
    flag: '--no-cache',
    help: 'read every image anew, and keep no readings beside the runs for later audits',
  }),
  seed: seedField(),
  device: deviceField(),
});
export type AuditConfiguration = z.infer<typeof auditConfigurationSchema>;
export type AuditConfigurationInput = z.input<typeof auditConfigurationSchema>;
