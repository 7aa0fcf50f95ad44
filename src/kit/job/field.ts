import { z } from 'zod';

/**
 * What a field of a configuration is to its user: which paths are made absolute and checked, which picker a form shows, what an estimate
 * has to look at. A field without one is a plain number, word or switch.
 */
export type Meaning =
  | 'image-folder'
  | 'images-or-embeddings'
  | 'texts'
  | 'label-table'
  | 'onnx-model'
  | 'model-folder'
  | 'benchmark'
  | 'text-file'
  | 'weights-file'
  | 'output-folder'
  | 'attribute'
  | 'shares'
  | 'answering-model'
  /** A model folder or an ONNX model. */
  | 'generator'
  /** A program that is run with its arguments. */
  | 'command';

/** Meanings whose value is a path that is read. */
export const READ_PATHS: readonly Meaning[] = [
  'image-folder',
  'images-or-embeddings',
  'texts',
  'label-table',
  'onnx-model',
  'model-folder',
  'benchmark',
  'text-file',
  'weights-file',
  'generator',
];

/** How a value is written on a command line where that is not how JSON writes it. */
export interface TextForm {
  /** Throws an error whose message says what was expected. */
  readonly parse: (text: string) => unknown;
  /** Null for a value that this form cannot say. */
  readonly format: (value: unknown) => string | null;
}

/** One way to give a field on the command line. */
export interface Flag {
  /** As commander reads it: `-o, --output <dir>`, `--blur`. */
  readonly flags: string;
  /** Its sentence in the help; by default the field's. */
  readonly help?: string;
  /** Former names, which still work and are not shown. */
  readonly aliases?: readonly string[];
  /** What a flag without a value sets; `true` by default, `false` for `--no-…`. */
  readonly sets?: unknown;
  readonly text?: TextForm;
}

/** All that people are told of a field, and how they give it. */
export interface FieldMeta {
  /** Half a sentence, as help prints it. */
  readonly help: string;
  /** Flag or flags; an empty list for what a file or a program alone can set. */
  readonly flag: string | Flag | readonly Flag[];
  readonly is?: Meaning;
  /** Name of a place on the command line where the value may stand without its flag, such as `dir`. */
  readonly argument?: string;
  /** Words that may stand where a path is expected. */
  readonly words?: readonly string[];
  /** What happens where nothing is given, for a field without a default of its own. */
  readonly otherwise?: string;
  /** A form shows it at once, although it may be left out: another field may stand for it. */
  readonly usual?: boolean;
  readonly text?: TextForm;
  /** Items of a list may stand in one argument with commas between. */
  readonly commas?: boolean;
  /** May be other than it was when a run is resumed, since the result does not depend on it; `only`: it is of use then alone. */
  readonly changeable?: boolean | 'only';
}

const registry = z.registry<FieldMeta>();

/** A schema as a field of a configuration; what is said of it holds for this field alone, though schemas be shared. */
export function field<S extends z.ZodType>(schema: S, meta: FieldMeta): S {
  const own = schema.clone();
  registry.add(own, meta);
  return own;
}

/** A field of a configuration with all that its declaration says. */
export interface Field {
  readonly path: readonly string[];
  /** As declared: with its default. */
  readonly schema: z.ZodType;
  /** Without default, optional and nullable. */
  readonly inner: z.ZodType;
  readonly meta: FieldMeta;
  readonly flags: readonly Flag[];
  readonly required: boolean;
  /** Undefined where there is none. */
  readonly default: unknown;
}

/** A schema without what says that it may be absent. */
export function unwrap(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  )
    return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}

function defaultOf(schema: z.ZodType): unknown {
  const parsed = schema.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}

function flagsOf(meta: FieldMeta): readonly Flag[] {
  if (typeof meta.flag === 'string') return [{ flags: meta.flag }];
  return 'flags' in meta.flag ? [meta.flag] : meta.flag;
}

/**
 * The fields of a configuration in the order they are declared. A field that is an object without a declaration of its own is looked into.
 */
export function fieldsOf(configuration: z.ZodObject): Field[] {
  const walk = (schema: z.ZodType, path: readonly string[]): Field[] => {
    const meta = registry.get(schema);
    const inner = unwrap(schema);
    if (meta !== undefined) {
      const common = { path, schema, inner, meta, flags: flagsOf(meta) };
      return [{ ...common, required: !schema.safeParse(undefined).success, default: defaultOf(schema) }];
    }
    if (!(inner instanceof z.ZodObject)) return [];
    return Object.entries(inner.shape).flatMap(([name, child]) => walk(child as z.ZodType, [...path, name]));
  };
  return walk(configuration, []);
}

/** The value of a field within a configuration; undefined where it is absent. */
export function valueAt(configuration: unknown, path: readonly PropertyKey[]): unknown {
  let current = configuration;
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[name];
  }
  return current;
}

/** A configuration with a value put at a path; what is beside it stays. */
export function withValue(
  configuration: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const [name, ...rest] = path;
  if (name === undefined) return { ...configuration };
  if (rest.length === 0) return { ...configuration, [name]: value };
  const inside = valueAt(configuration, [name]);
  const record = typeof inside === 'object' && inside !== null ? (inside as Record<string, unknown>) : {};
  return { ...configuration, [name]: withValue(record, rest, value) };
}
