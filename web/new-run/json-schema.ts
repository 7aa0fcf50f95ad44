import { z } from 'zod';

/** A JSON Schema as far as a form is made of it. */
export interface JsonSchema {
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
  readonly items?: JsonSchema | boolean | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
  readonly default?: unknown;
  readonly description?: string | undefined;
  readonly $ref?: string | undefined;
  readonly $defs?: Readonly<Record<string, JsonSchema>> | undefined;
  /** Flags of the command line that set it. */
  readonly 'x-flags'?: readonly string[] | undefined;
  /** What it is to its user, such as `image-folder`. */
  readonly 'x-is'?: string | undefined;
  /** Words that may stand where a path is expected. */
  readonly 'x-words'?: readonly string[] | undefined;
  /** What happens where nothing is given. */
  readonly 'x-otherwise'?: string | undefined;
  readonly 'x-usual'?: boolean | undefined;
}

const inside: z.ZodType<JsonSchema> = z.lazy(() => jsonSchemaSchema);

export const jsonSchemaSchema: z.ZodType<JsonSchema> = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  items: z.union([inside, z.boolean()]).optional(),
  properties: z.record(z.string(), inside).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.union([inside, z.boolean()]).optional(),
  anyOf: z.array(inside).optional(),
  oneOf: z.array(inside).optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  $ref: z.string().optional(),
  $defs: z.record(z.string(), inside).optional(),
  'x-flags': z.array(z.string()).optional(),
  'x-is': z.string().optional(),
  'x-words': z.array(z.string()).optional(),
  'x-otherwise': z.string().optional(),
  'x-usual': z.boolean().optional(),
});

/** The kinds of value that a schema says it is; none where it leaves that open. */
export function typesOf({ type, const: one, enum: several }: JsonSchema): readonly string[] {
  if (typeof type === 'string') return [type];
  if (type !== undefined) return type;
  const values = several ?? (one === undefined ? [] : [one]);
  return [...new Set(values.map(value => (value === null ? 'null' : typeof value)))];
}

/** The alternatives that a schema allows, itself where it is one; references are followed into `root`. */
export function alternativesOf(schema: JsonSchema, root: JsonSchema): readonly JsonSchema[] {
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? '')?.[1];
  const named = name === undefined ? undefined : root.$defs?.[name];
  if (named !== undefined) return alternativesOf(named, root);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return options.flatMap(option => alternativesOf(option, root));
  const types = typesOf(schema);
  return Array.isArray(schema.type) ? types.map(type => ({ ...schema, type })) : [schema];
}

/** The values that a schema lists; null where it lists none. */
export function listedValues({ enum: several, const: one }: JsonSchema): readonly unknown[] | null {
  return several ?? (one === undefined ? null : [one]);
}

const digits = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 15 });

/** The limits of a number in words, such as `from 1 to 1,000`; nothing where it has none that anyone would reach. */
export function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const upper = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const lower = minimum === undefined || minimum <= -Number.MAX_SAFE_INTEGER ? undefined : minimum;
  if (lower !== undefined && upper !== undefined) return `from ${digits(lower)} to ${digits(upper)}`;
  const low =
    exclusiveMinimum !== undefined
      ? `above ${digits(exclusiveMinimum)}`
      : lower === undefined
        ? ''
        : `from ${digits(lower)}`;
  const high =
    exclusiveMaximum !== undefined
      ? `below ${digits(exclusiveMaximum)}`
      : upper === undefined
        ? ''
        : `at most ${digits(upper)}`;
  if (high === '') return low;
  return low === '' ? high : `${low.replace('from', 'at least')} and ${high}`;
}

/** A value that a schema would take, to show how it is written; `is` is what the field is to its user. */
export function exampleOf(
  schema: JsonSchema,
  { root, is }: { readonly root: JsonSchema; readonly is?: string | undefined },
): unknown {
  if (is === 'shares') return { gender: { male: 0.5, female: 0.5 } };
  const [found = schema] = alternativesOf(schema, root);
  const inner = (part: JsonSchema): unknown => exampleOf(part, { root });
  const [listed] = listedValues(found) ?? [];
  if (listed !== undefined) return listed;
  const { properties, required = [], additionalProperties, items } = found;
  switch (typesOf(found)[0]) {
    case 'object': {
      if (properties !== undefined) {
        const shown = Object.entries(properties).filter(([name]) => required.length === 0 || required.includes(name));
        return Object.fromEntries(shown.map(([name, part]) => [name, inner(part)]));
      }
      return typeof additionalProperties === 'object' ? { name: inner(additionalProperties) } : {};
    }
    case 'array':
      return typeof items === 'object' ? [inner(items)] : [];
    case 'integer':
      return found.minimum !== undefined && found.minimum > 1 ? found.minimum : 1;
    case 'number':
      return 0.5;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'text';
  }
}
