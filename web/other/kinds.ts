import { type Metric, metricSchema } from '../../src/ground/contracts/metric.ts';

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A measured number; null where a value is none. */
export function metricOf(value: unknown): Metric | null {
  if (!isRecord(value) || !('n' in value && 'interval' in value)) return null;
  const parsed = metricSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Whether a value is shown within a line: a text, a number, a metric, or nothing at all. */
export function isLeaf(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return !isRecord(value) || Object.keys(value).length === 0 || metricOf(value) !== null;
}
