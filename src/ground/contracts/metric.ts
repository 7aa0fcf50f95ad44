import { z } from 'zod';

/** A confidence interval and how it was made. */
export const intervalSchema = z.object({
  low: z.number(),
  high: z.number(),
  /** Nominal coverage, such as 0.95. */
  confidence: z.number().gt(0).lt(1),
  /** Such as `wilson`, `clopper-pearson`, `bootstrap`, `delta`. */
  method: z.string(),
});
export type Interval = z.infer<typeof intervalSchema>;

/**
 * A measured number: its value, how many observations it rests on, and how sure it is.
 * What could not be computed has `value: null` and a `reason`; it is never reported as zero.
 */
export const metricSchema = z
  .object({
    value: z.number().nullable(),
    n: z.number().int().nonnegative(),
    interval: intervalSchema.nullable(),
    reason: z.string().optional(),
  })
  .refine(metric => (metric.value === null) === (metric.reason !== undefined), {
    message: 'a metric has either a value or a reason why it has none',
  });
export type Metric = z.infer<typeof metricSchema>;

/** A metric that could not be computed, with the reason in plain words. */
export function missingMetric(reason: string, n = 0): Metric {
  return { value: null, n, interval: null, reason };
}
