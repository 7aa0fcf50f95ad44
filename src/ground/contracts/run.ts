import { z } from 'zod';

/** Where a result comes from: enough to repeat it and to doubt it. */
export const provenanceSchema = z.object({
  biolens: z.string(),
  /** Git commit of the working copy, if there is one. */
  commit: z.string().nullable(),
  seed: z.number().int().nonnegative(),
  /** SHA-256 of data sets and models, by role. */
  digests: z.record(z.string(), z.string()),
  host: z.object({
    platform: z.string(),
    cpu: z.string(),
    cores: z.number().int(),
    memoryBytes: z.number(),
    node: z.string(),
    runtime: z.string(),
    device: z.string(),
  }),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

export const runStatusSchema = z.enum(['running', 'interrupted', 'failed', 'done']);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** `run.json` of a run folder (DESIGN §3). */
export const runRecordSchema = z.object({
  schema: z.literal('biolens/run@1'),
  id: z.string(),
  kind: z.string(),
  status: runStatusSchema,
  /** Everything needed to repeat the run; paths are absolute. */
  configuration: z.record(z.string(), z.unknown()),
  provenance: provenanceSchema,
  /** One line on why the run failed. */
  error: z.string().optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;
