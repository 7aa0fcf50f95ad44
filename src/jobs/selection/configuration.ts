import { z } from 'zod';
import { field, pathSchema } from '../../kit/job/index.ts';
import { auditConfigurationSchema } from '../audit/declaration/index.ts';
import { mitigationConfigurationSchema } from '../mitigation/declaration/index.ts';

const audit = auditConfigurationSchema.shape;
const mitigation = mitigationConfigurationSchema.shape;

/** All that decides a selection: recorded with the run, and enough to repeat it. */
export const selectionConfigurationSchema = z.strictObject({
  training: audit.training,
  sampleWith: audit.sampleWith,
  generator: audit.generator,
  samplesPerCall: audit.samplesPerCall,
  heldout: audit.heldout,
  trainingLabels: audit.trainingLabels,
  replication: field(z.boolean().default(false), {
    flag: '--replication',
    help: 'reject samples that are more alike to a training image, or to a held-out one, than other real faces are',
  }),
  bias: mitigation.bias,
  tolerance: mitigation.tolerance,
  /** Samples as they come, which say how often each class is to be kept; none of them is a candidate. */
  samples: field(z.number().int().min(16).max(1_000_000).default(512), {
    flag: '--samples <n>',
    help: 'samples, chosen by chance, that are audited as they come',
  }),
  candidates: field(z.number().int().min(2).max(1_000_000).default(2048), {
    flag: '--candidates <n>',
    help: 'samples that are selected from',
  }),
  keep: field(z.number().int().min(2).max(1_000_000).optional(), {
    flag: '--keep <n>',
    help: 'samples to keep',
    otherwise: 'as many as --samples',
  }),
  embedder: audit.embedder,
  classifier: audit.classifier,
  noFace: audit.noFace,
  permutations: audit.permutations,
  cache: audit.cache,
  output: field(pathSchema.optional(), {
    flag: '-o, --output <dir>',
    help: 'new folder that gets the kept images too',
    is: 'output-folder',
    otherwise: "the run's artifacts/kept only",
  }),
  seed: audit.seed,
  device: audit.device,
});
export type SelectionConfiguration = z.infer<typeof selectionConfigurationSchema>;
export type SelectionConfigurationInput = z.input<typeof selectionConfigurationSchema>;
