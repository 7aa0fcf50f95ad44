import type { z } from 'zod';
import type { Finished, Job } from './declaration.ts';
import { checkGatePath, type Gate } from './gate.ts';
import { toJsonSchema } from './json-schema.ts';

/** The schema of a job's result as programs take it. */
export function resultSchemaOf({ result, report }: Pick<Job, 'result' | 'report'>): z.ZodType {
  return result?.schema ?? report;
}

/**
 * The result of a finished run as programs take it: what `--json` prints, and what gates are held against.
 *
 * @param view choices of the job's result view; what is left out is at its default
 * @throws {BiolensError} `external` when a report has no such result
 */
export function resultOf(
  job: Job,
  { id, report }: Pick<Finished<unknown>, 'id' | 'report'>,
  view: Readonly<Record<string, unknown>> = {},
): unknown {
  if (job.result === undefined) return report;
  return job.result.of(report, { run: id, options: job.result.options.parse(view) });
}

/** Finds gates that lead nowhere before any work. @throws {BiolensError} `usage` */
export function checkGatePaths(job: Job, gates: readonly Gate[]): void {
  if (gates.length === 0) return;
  const schema = toJsonSchema(resultSchemaOf(job), 'output');
  for (const gate of gates) checkGatePath(gate, schema);
}
