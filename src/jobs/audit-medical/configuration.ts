import { z } from 'zod';
import { deviceField, field, pathSchema, seedField } from '../../kit/job/index.ts';
import { falseDiscoveryRateField, permutationsField } from '../audit/declaration/index.ts';

/** All that decides an audit of medical images: recorded with the run, and enough to repeat it. */
export const auditMedicalConfigurationSchema = z.strictObject({
  training: field(pathSchema, {
    flag: '--train <path>',
    help: 'training images: a folder of DICOM, NIfTI, or PNG and TIFF of 8 or 16 bits',
    is: 'images-or-embeddings',
  }),
  generated: field(pathSchema, {
    flag: '--generated <path>',
    help: 'generated images, likewise',
    is: 'images-or-embeddings',
  }),
  heldout: field(pathSchema.optional(), {
    flag: '--heldout <path>',
    help: 'real images that the generator never saw: makes every answer more certain',
    is: 'images-or-embeddings',
  }),
  compare: field(z.enum(['auto', 'slices']).default('auto'), {
    flag: '--compare <what>',
    help: 'auto: volumes where slices form one; slices: each slice on its own',
  }),
  embedder: field(pathSchema.optional(), {
    flag: '--embedder <path>',
    help: 'compare embeddings instead: "whiten" (components of every second held-out scan), "appearance", or an ONNX embedder with its model card',
    is: 'onnx-model',
    words: ['whiten', 'appearance'],
    otherwise: 'correlation',
  }),
  page: field(z.boolean().default(false), {
    flag: '--page',
    help: 'show slices of the pairs on the page; nothing that is written into pixels is masked',
  }),
  percentile: field(z.number().min(50).max(99.9).default(95), {
    flag: '--percentile <n>',
    help: 'percentile of the control above which the threshold rule counts a copy',
  }),
  falseDiscoveryRate: falseDiscoveryRateField(),
  permutations: permutationsField('images'),
  seed: seedField(),
  device: deviceField(),
});
export type AuditMedicalConfiguration = z.infer<typeof auditMedicalConfigurationSchema>;
export type AuditMedicalConfigurationInput = z.input<typeof auditMedicalConfigurationSchema>;
