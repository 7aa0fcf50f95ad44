import { z } from 'zod';
import { type Field, fieldsOf } from './field.ts';

/** A JSON Schema (draft 2020-12), as far as it is looked into here. */
export interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[] | undefined;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly default?: unknown;
  readonly description?: string;
}

/** A schema as JSON Schema: `input` as a user writes it, `output` as it is recorded. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
}

/** JSON Schema of a configuration as one begins with it, with what the declarations say: help, flags, meaning. */
export function configurationJsonSchema(configuration: z.ZodObject): JsonSchema {
  const fields = new Map<unknown, Field>(fieldsOf(configuration).map(one => [one.schema, one]));
  const late = [...fields.values()].filter(({ meta }) => meta.changeable === 'only').map(({ path }) => path[0]);
  const schema = z.toJSONSchema(configuration, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const found = fields.get(zodSchema);
      if (found === undefined) return;
      const { help, is, words, otherwise, usual } = found.meta;
      Object.assign(jsonSchema, {
        description: help,
        ...(found.flags.length === 0 ? {} : { 'x-flags': found.flags.map(({ flags }) => flags) }),
        ...(is === undefined ? {} : { 'x-is': is }),
        ...(words === undefined ? {} : { 'x-words': words }),
        ...(otherwise === undefined ? {} : { 'x-otherwise': otherwise }),
        ...(usual ? { 'x-usual': true } : {}),
      });
    },
  }) as JsonSchema;
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !late.includes(name));
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** Follows references within a schema; `root` holds the definitions. */
export function resolveRef(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.match(/^#\/\$defs\/(.+)$/)?.[1];
  if (schema.$ref === '#') return root;
  const found = name === undefined ? undefined : root.$defs?.[name];
  return found === undefined ? schema : resolveRef(found, root);
}

/** The alternatives that a schema allows, itself where it is one. */
export function alternativesOf(schema: JsonSchema, root: JsonSchema): JsonSchema[] {
  const found = resolveRef(schema, root);
  if (found.allOf !== undefined) {
    const parts = found.allOf.flatMap(part => alternativesOf(part, root));
    return [
      {
        ...found,
        allOf: undefined,
        type: 'object',
        properties: Object.assign({}, ...parts.map(part => part.properties)),
      },
    ];
  }
  const options = found.anyOf ?? found.oneOf;
  return options === undefined ? [found] : options.flatMap(one => alternativesOf(one, root));
}

function rangeOf(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const upper = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined || exclusiveMaximum !== undefined) {
    const low =
      exclusiveMinimum === undefined ? (minimum === undefined ? '' : `from ${minimum}`) : `above ${exclusiveMinimum}`;
    const high =
      exclusiveMaximum === undefined ? (upper === undefined ? '' : `at most ${upper}`) : `below ${exclusiveMaximum}`;
    return [low, high].filter(part => part !== '').join(' and ');
  }
  const lower = minimum === undefined || minimum <= -Number.MAX_SAFE_INTEGER ? undefined : minimum;
  if (lower !== undefined && upper !== undefined) return `from ${lower} to ${upper}`;
  if (lower !== undefined) return `from ${lower}`;
  return upper === undefined ? '' : `at most ${upper}`;
}

/** What a schema expects, in words that end `expected …`. */
export function describeExpected(schema: JsonSchema, root: JsonSchema = schema): string {
  const options = alternativesOf(schema, root);
  if (options.length > 1) return [...new Set(options.map(one => describeExpected(one, root)))].join(', or ');
  const found = options[0] ?? schema;
  if (found.enum !== undefined)
    return found.enum.length === 1 ? String(found.enum[0]) : `one of ${found.enum.join(', ')}`;
  if (found.const !== undefined) return JSON.stringify(found.const);
  switch (found.type) {
    case 'integer':
      return `a whole number ${rangeOf(found)}`.trim();
    case 'number':
      return `a number ${rangeOf(found)}`.trim();
    case 'string':
      return found.minLength === undefined ? 'text' : 'text that is not empty';
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${found.items === undefined ? 'values' : describeExpected(found.items, root)}`;
    case 'object':
      return found.properties === undefined
        ? 'a table of names and values'
        : `an object with ${Object.keys(found.properties).join(', ')}`;
    case 'null':
      return 'null';
    default:
      return 'another value';
  }
}

/** The schema at a path; null where the path leads to nothing. */
export function schemaAt(
  schema: JsonSchema,
  path: readonly PropertyKey[],
  root: JsonSchema = schema,
): JsonSchema | null {
  const [name, ...rest] = path;
  if (name === undefined) return resolveRef(schema, root);
  for (const option of alternativesOf(schema, root)) {
    const { properties, additionalProperties, items } = option;
    const key = String(name);
    const inside =
      (properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined) ??
      (typeof additionalProperties === 'object' ? additionalProperties : undefined) ??
      (items !== undefined && /^\d+$/.test(key) ? items : undefined);
    const found = inside === undefined ? null : schemaAt(inside, rest, root);
    if (found !== null) return found;
  }
  return null;
}
