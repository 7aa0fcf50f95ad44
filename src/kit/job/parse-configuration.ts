import { resolve } from 'node:path';
import type { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { hubModelPath, isHubModel } from '../faces/hub-model.ts';
import type { Job } from './declaration.ts';
import { explainIssue } from './explain-issue.ts';
import { type FieldMeta, fieldsOf, READ_PATHS, valueAt, withValue } from './field.ts';
import { configurationJsonSchema } from './json-schema.ts';

export interface ParseOptions {
  /** Folder that relative paths start from; the current one by default. */
  readonly base?: string | undefined;
  /** `usage` for what a person asked for just now, `input` for what a file says. */
  readonly code?: 'usage' | 'input';
  /** Put before the message: the file that says it. */
  readonly source?: string | undefined;
  readonly nameOf?: (path: readonly string[]) => string;
}

const isPath = ({ is }: FieldMeta): boolean => is !== undefined && (is === 'output-folder' || READ_PATHS.includes(is));

/** Makes paths absolute, those of models of Hugging Face too; words such as `built-in` stay. */
function absolute(value: unknown, meta: FieldMeta, base: string): unknown {
  if (Array.isArray(value)) return value.map(one => absolute(one, meta, base));
  if (typeof value !== 'string' || meta.words?.includes(value)) return value;
  // What a run records is the file that it read, whatever the cache points at later.
  return meta.is === 'onnx-model' && isHubModel(value) ? hubModelPath(value) : resolve(base, value);
}

/** A configuration with the fields of another put over it, field by field: what is beside them within an object stays. */
export function overlay(
  job: Pick<Job, 'configuration'>,
  configuration: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return fieldsOf(job.configuration).reduce<Record<string, unknown>>(
    (made, { path }) => {
      const value = valueAt(over, path);
      return value === undefined ? made : withValue(made, path, value);
    },
    { ...configuration },
  );
}

/** A configuration, or a part of one, with its relative paths made absolute from a folder. */
export function absolutePaths(
  job: Pick<Job, 'configuration'>,
  configuration: Readonly<Record<string, unknown>>,
  base: string,
): Record<string, unknown> {
  let made: Record<string, unknown> = { ...configuration };
  for (const { path, meta } of fieldsOf(job.configuration)) {
    const value = valueAt(made, path);
    if (isPath(meta) && value !== undefined && value !== null)
      made = withValue(made, path, absolute(value, meta, base));
  }
  return made;
}

/**
 * Checks a configuration of a job, fills in its defaults and makes its paths absolute.
 *
 * @throws {BiolensError} naming the first field that is wrong, what was expected, and the nearest word that is known
 */
export function parseConfiguration<C extends z.ZodObject>(
  job: Pick<Job<C>, 'configuration'>,
  input: unknown,
  { base = '.', code = 'usage', source, nameOf }: ParseOptions = {},
): z.output<C> {
  const parsed = job.configuration.safeParse(input);
  if (!parsed.success) {
    const schema = configurationJsonSchema(job.configuration);
    const message = explainIssue(parsed.error, { input, schema, ...(nameOf === undefined ? {} : { nameOf }) });
    throw new BiolensError(code, source === undefined ? message : `${source}: ${message}`, { cause: parsed.error });
  }
  return absolutePaths(job, parsed.data, base) as z.output<C>;
}
