import type { z } from 'zod';

/** The first thing that is wrong with a value, with the field where there is one. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const field = issue?.path.join('.') ?? '';
  return field === '' ? (issue?.message ?? 'invalid') : `"${field}" ${issue?.message}`;
}

/** A value as the text of a JSON file. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
