import type { z } from 'zod';
import { valueAt } from './field.ts';
import { describeExpected, type JsonSchema, schemaAt } from './json-schema.ts';
import { suggest } from './nearest-word.ts';

const SHOWN = 60;

/** A value as a message shows it. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/** An issue as a sentence about a field: `"seed" expected a whole number from 0, got -1`. */
export interface ExplainOptions {
  readonly input: unknown;
  /** JSON Schema of what was parsed. */
  readonly schema: JsonSchema;
  /** What the user calls a field; by default its path in quotes. */
  readonly nameOf?: (path: readonly string[]) => string;
}

/** The words that a schema allows at a place, for a suggestion. */
function wordsAt(schema: JsonSchema): string[] {
  const options = schema.anyOf ?? schema.oneOf ?? [schema];
  return options
    .flatMap(({ enum: words = [], const: word }) => [...words, word])
    .filter(word => typeof word === 'string');
}

/** Says in one line what is wrong with a value, with the field, what was expected and what came, and the nearest word that is known. */
export function explainIssue(error: z.ZodError, { input, schema, nameOf = quote }: ExplainOptions): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = Object.keys(schemaAt(schema, path)?.properties ?? {});
    const place = path.length === 0 ? '' : ` of ${nameOf(path)}`;
    return `"${key}" is no field${place}${suggest(key, known) || `, there are ${known.join(', ')}`}`;
  }
  const name = nameOf(path);
  if (issue.code === 'custom') return `${name} ${issue.message}`;
  const value = valueAt(input, issue.path);
  if (value === undefined) return `${name} is missing`;
  const place = schemaAt(schema, issue.path) ?? schema;
  const hint = typeof value === 'string' ? suggest(value, wordsAt(place)) : '';
  return `${name} expected ${describeExpected(place, schema)}, got ${show(value)}${hint}`;
}

function quote(path: readonly string[]): string {
  return `"${path.join('.')}"`;
}
