import type { Context } from 'hono';
import type { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { explainIssue, toJsonSchema } from '../../kit/job/index.ts';

/** Reads the body of a request. @throws {BiolensError} `usage` naming the field */
export async function bodyOf<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const input: unknown = await c.req.json().catch(() => {
    throw new BiolensError('usage', 'the body expected JSON');
  });
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new BiolensError('usage', explainIssue(parsed.error, { input, schema: toJsonSchema(schema, 'input') }), {
    cause: parsed.error,
  });
}
