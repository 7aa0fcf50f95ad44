import { z } from 'zod';
import { findingSchema, pairSchema, replicationSchema } from './audit.ts';
import { metricSchema } from './metric.ts';

const medicalSetSchema = z.object({
  source: z.string(),
  files: z.number().int(),
  /** Images or volumes that were compared. */
  n: z.number().int(),
  /** DICOM files that say that a person's data may be written into the pixels, or do not say that it is not. */
  mayShowPersons: z.number().int(),
});

/** `report.json` of an audit of medical images, and what `biolens audit medical --json` prints. Items are named by the SHA-256 of their content, never by file. */
export const auditMedicalReportSchema = z.object({
  schema: z.literal('biolens/audit-medical@1'),
  compared: z.enum(['images', 'volumes']),
  sets: z.object({ training: medicalSetSchema, generated: medicalSetSchema, heldout: medicalSetSchema.nullable() }),
  verdict: z.array(findingSchema),
  replication: z.object({
    similarity: z.enum(['pearson', 'cosine']),
    /** Whose embeddings the cosines are of, and how many held-out items it was fitted to; null where grids are correlated. */
    embedder: z
      .object({ name: z.string(), width: z.number().int(), fittedTo: z.number().int().nullable() })
      .nullable()
      .default(null),
    /** The rule of a percentile: what exceeds this correlation, which `percentile` per cent of the control stay below. */
    rule: z.object({
      percentile: z.number(),
      threshold: z.number(),
      generated: metricSchema,
      /** How often it fires on the control: as often as the percentile says, by construction. */
      control: metricSchema,
    }),
    control: z.string(),
    calibration: z.enum(['heldout-to-training', 'training-to-training']),
    callable: z.number().nullable(),
    copied: metricSchema,
    falseDiscoveryRate: z.number(),
    permutation: replicationSchema.shape.permutation,
    /** The training item most like each generated one, most alike first. */
    pairs: z.array(pairSchema.extend({ flipped: z.boolean() })),
  }),
  /** Middle slices of the first pairs, as files in the run's folder; empty unless they were asked for. */
  shown: z
    .array(
      z.object({
        generated: z.string(),
        training: z.string(),
        images: z.object({ generated: z.string(), training: z.string() }),
      }),
    )
    .default([]),
  /** What is known of slices that lie unevenly, and of files that were left out, without their names. */
  notes: z.array(z.object({ set: z.enum(['training', 'generated', 'heldout']), item: z.string(), reason: z.string() })),
});
export type AuditMedicalReport = z.infer<typeof auditMedicalReportSchema>;
