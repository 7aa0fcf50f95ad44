import type { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { explainIssue, type JsonSchema, toJsonSchema } from '../../kit/job/index.ts';

/** Something that an assistant may ask for. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of what it is given: an object. */
  readonly input: JsonSchema;
  /** @throws {BiolensError} what is wrong with the input, told to the assistant in one line */
  readonly run: (input: unknown, options: { readonly signal: AbortSignal }) => Promise<unknown>;
}

/** A tool whose input is parsed by a schema. */
export function defineTool<S extends z.ZodObject>(
  parts: Omit<Tool, 'input' | 'run'> & { readonly schema: S },
  run: (input: z.output<S>, options: { readonly signal: AbortSignal }) => Promise<unknown>,
): Tool {
  const { name, description, schema } = parts;
  const json = toJsonSchema(schema, 'input');
  return {
    name,
    description,
    input: json,
    run: async (input, options) => {
      const parsed = schema.safeParse(input ?? {});
      if (!parsed.success)
        throw new BiolensError('usage', explainIssue(parsed.error, { input, schema: json }), { cause: parsed.error });
      return await run(parsed.data, options);
    },
  };
}
