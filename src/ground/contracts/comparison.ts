import { z } from 'zod';
import { headlineSchema } from './job.ts';
import { metricSchema } from './metric.ts';
import { pictureSetSchema } from './report.ts';

/** Runs that one comparison takes. */
export const MOST_COMPARED = 8;

/** How a later run differs from the first in one metric. */
export const metricDifferenceSchema = z.object({
  /** Value of the later run less that of the first. */
  difference: metricSchema,
  /** Two-sided; null where there is nothing to test by. */
  p: z.number().nullable(),
  /** Benjamini-Hochberg adjusted over all differences of the comparison. */
  q: z.number().nullable(),
  /** How the interval and p were made, such as `newcombe`, `mcnemar-exact`; `none` without an interval. */
  test: z.string(),
  /** On the same items, one by one. */
  paired: z.boolean(),
});
export type MetricDifference = z.infer<typeof metricDifferenceSchema>;

export const comparedMetricSchema = z.object({
  /** Dotted path into the result, as `--fail-on` takes it. */
  path: z.string(),
  /** Which element of a list it belongs to, such as `size 100, kind gan`; empty elsewhere. */
  of: z.string(),
  unit: z.enum(['share', 'number']),
  /** One per run; null where a run has no such metric. */
  values: z.array(metricSchema.nullable()),
  /** One per run after the first. */
  differences: z.array(metricDifferenceSchema.nullable()),
});
export type ComparedMetric = z.infer<typeof comparedMetricSchema>;

/** Several finished runs of one kind, side by side: `biolens runs compare --json` and `GET /api/compare`. */
export const runComparisonSchema = z.object({
  schema: z.literal('biolens/run-comparison@1'),
  kind: z.string(),
  noun: z.string(),
  runs: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      startedAt: z.string(),
      seconds: z.number().nullable(),
      headline: headlineSchema.nullable(),
    }),
  ),
  /** What must be known before a difference is read as one between models. */
  cautions: z.array(z.string()),
  /** The headline metric first, then in the order of the result. */
  metrics: z.array(comparedMetricSchema),
  /** Metrics that are equal in all runs are counted, not listed. */
  equalMetrics: z.number().int(),
  /** Settings that differ, each as JSON text per run; null where a run does not have it. */
  configuration: z.array(z.object({ path: z.string(), values: z.array(z.string().nullable()) })),
  /** SHA-256 of data and models by role, one per run; null where none was recorded. */
  digests: z.array(z.object({ role: z.string(), values: z.array(z.string().nullable()) })),
  /** The first images of each run's report, one list per run. */
  images: z.array(z.array(z.object({ set: pictureSetSchema, file: z.string(), sheet: z.boolean() }))),
  /** What the job itself says of these runs side by side, for a terminal; null where it says nothing more. */
  text: z.string().nullable(),
});
export type RunComparison = z.infer<typeof runComparisonSchema>;
