import { z } from 'zod';
import { metricSchema } from './metric.ts';

/** The number that stands for a result in the list of runs, and whether it is good. */
export const headlineSchema = z.object({
  label: z.string(),
  metric: metricSchema,
  /** How a number reads: a share is shown in per cent. */
  unit: z.enum(['share', 'number']),
  level: z.enum(['good', 'warning', 'bad', 'unknown']),
});
export type RunHeadline = z.infer<typeof headlineSchema>;

/** A job as the studio offers it: `GET /api/jobs`. */
export const formJobSchema = z.object({
  kind: z.string(),
  verb: z.string(),
  noun: z.string(),
  summary: z.string(),
  examples: z.array(z.string()),
  gateExample: z.string(),
  /** JSON Schema of the configuration; `x-is`, `x-words`, `x-otherwise` and `x-usual` say what a field is to its user. */
  configuration: z.record(z.string(), z.unknown()),
});
export type FormJob = z.infer<typeof formJobSchema>;

/** How far a run is that the studio works on: what `GET /api/runs/:id/news` sends. */
export const hostedRunSchema = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(['running', 'done', 'failed', 'interrupted']),
  progress: z
    .object({ type: z.literal('progress'), stage: z.string(), done: z.number(), total: z.number().nullable() })
    .nullable(),
  /** The last notes, oldest first. */
  notes: z.array(z.string()).readonly(),
  /** Why it failed. */
  error: z.string().nullable(),
  /** Conditions that held for the result. */
  gates: z.array(z.string()).readonly(),
});
export type HostedRun = z.infer<typeof hostedRunSchema>;

/** What a job would do: `POST /api/jobs/:kind/plan`. */
export const jobPlanSchema = z.object({
  reads: z.array(z.object({ what: z.string(), path: z.string(), amount: z.string() })),
  writes: z.array(z.object({ what: z.string(), path: z.string() })),
  /** About so many; null where that depends on others. */
  seconds: z.number().nullable(),
  /** Where the estimate of the time is from, or why there is none. */
  basis: z.string(),
  /** Bytes of memory that the work cannot do without; null where that is little. */
  memoryBytes: z.number().nullable(),
});
export const plannedJobSchema = z.object({
  configuration: z.record(z.string(), z.unknown()),
  plan: jobPlanSchema,
  /** The command line that does the same. */
  command: z.string(),
});
export type PlannedJob = z.infer<typeof plannedJobSchema>;
