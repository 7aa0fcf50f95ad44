import type { Job } from './declaration.ts';
import { configurationJsonSchema, type JsonSchema, toJsonSchema } from './json-schema.ts';
import { resultSchemaOf } from './result.ts';

/** JSON Schemas of all that a job reads and writes: `biolens schema KIND`, and `dist/schemas/KIND.json`. */
export interface JobSchemas {
  readonly schema: 'biolens/schemas@1';
  readonly kind: string;
  readonly configuration: JsonSchema;
  readonly report: JsonSchema;
  /** What `--json` prints and `--fail-on` is about. */
  readonly result: JsonSchema;
  /** A line of `items.jsonl`. */
  readonly item: JsonSchema;
}

/** The JSON Schemas of a job. */
export function schemasOf(job: Job): JobSchemas {
  return {
    schema: 'biolens/schemas@1',
    kind: job.kind,
    configuration: configurationJsonSchema(job.configuration),
    report: toJsonSchema(job.report, 'output'),
    result: toJsonSchema(resultSchemaOf(job), 'output'),
    item: toJsonSchema(job.items, 'output'),
  };
}
