import { z } from 'zod';
import {
  attributeBiasSchema,
  findingSchema,
  qualitySchema,
  replicationSchema,
  setNameSchema,
  setSchema,
} from './audit.ts';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';

/** Samples of a generator, audited: the parts are those of an audit's report. */
const selectionSideSchema = z.object({
  /** Samples, and folder that they lie in within the run's folder. */
  n: z.number().int(),
  folder: z.string(),
  replication: replicationSchema,
  bias: z.object({ attributes: z.record(z.string(), attributeBiasSchema) }),
  quality: qualitySchema,
  /** The audit's own verdict, which knows nothing of the selection. */
  verdict: z.array(findingSchema),
});
export type SelectionSide = z.infer<typeof selectionSideSchema>;

/** `report.json` of a selection: samples of any generator that do not copy and have the wanted shares. */
export const selectionReportSchema = z.object({
  schema: z.literal('biolens/selection@1'),
  /** The command or the model. */
  generator: z.string(),
  sets: z.object({ training: setSchema, generated: setSchema, heldout: setSchema.nullable() }),
  targets: z.object({
    replication: z.boolean(),
    /** Attribute → class → wanted share. */
    bias: z.record(z.string(), z.record(z.string(), z.number())),
    tolerance: z.number(),
  }),
  verdict: z.array(findingSchema),
  selection: z.object({
    /** Candidates generated, and those that were looked at until enough were kept. */
    candidates: z.number().int(),
    looked: z.number().int(),
    wanted: z.number().int(),
    kept: z.number().int(),
    /** Share of the candidates looked at that was kept. */
    accepted: metricSchema,
    /** Similarity to a training or held-out image from which a candidate is rejected; null where copies are kept. */
    limit: z.number().nullable(),
    /** Attribute → predicted class → probability that a candidate of it is kept. */
    rates: z.record(z.string(), z.record(z.string(), z.number())),
    /** Why candidates were rejected; the first reason that holds counts. */
    rejected: z.object({
      unreadable: z.number().int(),
      repeated: z.number().int(),
      nearTraining: z.number().int(),
      nearHeldout: z.number().int(),
      shares: z.number().int(),
    }),
    /** Names of those that were kept, in `artifacts/kept`. */
    files: z.array(z.string()),
  }),
  /** Samples as the generator makes them, of which none is a candidate. */
  before: selectionSideSchema,
  /** Those that were kept; null where they are fewer than two. */
  after: selectionSideSchema.nullable(),
  skipped: z.array(skippedSchema.extend({ set: setNameSchema })),
});
export type SelectionReport = z.infer<typeof selectionReportSchema>;
