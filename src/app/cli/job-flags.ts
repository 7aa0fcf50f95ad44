import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import {
  describeExpected,
  type Field,
  type Flag,
  fieldsOf,
  flagName,
  suggest,
  toJsonSchema,
  withValue,
} from '../../kit/job/index.ts';

type Given = (command: Command) => Record<string, unknown>;

/** Checks a value that was read from text. */
function checked(schema: z.ZodType, value: unknown, text: string): unknown {
  if (schema.safeParse(value).success) return value;
  const json = toJsonSchema(schema, 'input');
  const words = (json.enum ?? []).filter(word => typeof word === 'string');
  throw new InvalidArgumentError(`expected ${describeExpected(json)}, got "${text}"${suggest(text, words)}`);
}

function plainValue(schema: z.ZodType, text: string): unknown {
  return schema instanceof z.ZodNumber ? (text.trim() === '' ? Number.NaN : Number(text)) : text;
}

/** A value that was read; held, since commander takes a null for nothing. */
interface Said {
  readonly value: unknown;
}

/** Reads the text of a flag, and adds it to what the same flag said before. */
function parserOf({ schema, inner, meta }: Field, flag: Flag): (text: string, before: Said | undefined) => Said {
  const form = flag.text ?? meta.text;
  const read = (text: string, schema: z.ZodType): unknown => {
    if (form === undefined) return checked(schema, plainValue(schema, text), text);
    try {
      return form.parse(text);
    } catch (error) {
      throw error instanceof InvalidArgumentError || !(error instanceof Error)
        ? error
        : new InvalidArgumentError(error.message);
    }
  };
  if (inner instanceof z.ZodArray) {
    const element = inner.element as z.ZodType;
    return (text, before) => {
      const texts = meta.commas ? text.split(',').map(part => part.trim()) : [text];
      const values = texts.map(part => read(part, element));
      return { value: [...(Array.isArray(before?.value) ? before.value : []), ...values] };
    };
  }
  if (inner instanceof z.ZodRecord)
    return (text, before) => ({ value: { ...Object(before?.value), ...Object(read(text, inner)) } });
  return text => ({ value: form === undefined ? read(text, inner) : checked(schema, read(text, inner), text) });
}

const isSaid = (value: unknown): value is Said => typeof value === 'object' && value !== null && 'value' in value;

/** What the help says stands where nothing is given. */
function defaultText({ meta, default: value }: Field, flag: Flag): string {
  if (meta.otherwise !== undefined) return ` (default: ${meta.otherwise})`;
  if (value === undefined || value === null || typeof value === 'boolean' || flag.sets !== undefined) return '';
  const form = flag.text ?? meta.text;
  const text = form === undefined ? String(value) : form.format(value);
  return text === null || text === '' || text === '[object Object]' ? '' : ` (default: ${text})`;
}

function optionOf(field: Field, flag: Flag, { kept }: { readonly kept: boolean }): Option {
  const { inner, meta } = field;
  const help = flag.help ?? meta.help;
  const tail = flag === field.flags[0] ? (kept ? ' (default: as before)' : defaultText(field, flag)) : '';
  const option = new Option(flag.flags, `${help}${tail}`);
  if (inner instanceof z.ZodEnum && (option.required || option.optional)) option.choices(inner.options.map(String));
  if (option.required || option.optional) option.argParser(parserOf(field, flag));
  if (option.optional) option.preset(flag.sets as string);
  return option;
}

/**
 * Adds the flags of a configuration's fields to a command.
 *
 * @param kept the values are those of the run that is resumed, unless something else is said
 * @returns what the user gave, as a configuration that may lack fields
 */
export function addFieldFlags(
  command: Command,
  configuration: z.ZodObject,
  { only = () => true, kept = false }: { readonly only?: (field: Field) => boolean; readonly kept?: boolean } = {},
): Given {
  const readers: ((command: Command, into: Record<string, unknown>) => Record<string, unknown>)[] = [];
  let places = 0;
  for (const field of fieldsOf(configuration).filter(only)) {
    const place = field.meta.argument === undefined || kept ? null : places++;
    if (place !== null) command.argument(`[${field.meta.argument}]`, field.meta.help);
    const names: { readonly flag: Flag; readonly option: Option }[] = [];
    for (const flag of field.flags) {
      const option = optionOf(field, flag, { kept });
      names.push({ flag, option });
      for (const alias of flag.aliases ?? []) {
        const former = optionOf(field, { ...flag, flags: alias }, { kept }).hideHelp();
        names.push({ flag, option: former });
      }
    }
    for (const { option } of names) command.addOption(option);
    readers.push((parsed, into) => {
      const given = names.filter(({ option }) => parsed.getOptionValueSource(option.attributeName()) === 'cli');
      if (given.length > 1 && field.flags.length > 1)
        throw new InvalidArgumentError(
          `${given.map(({ flag }) => flagName(flag)).join(' and ')} exclude each other: both set ${field.path.join('.')}`,
        );
      const [last] = given;
      const standing: unknown = place === null ? undefined : parsed.processedArgs[place];
      if (standing !== undefined && last !== undefined)
        throw new InvalidArgumentError(`${String(standing)} and ${flagName(last.flag)} exclude each other`);
      if (standing !== undefined) return withValue(into, field.path, standing);
      if (last === undefined) return into;
      const { flag, option } = last;
      const said: unknown = parsed.opts()[option.attributeName()];
      const switched = !option.required && !option.optional;
      const value = switched ? (flag.sets ?? !option.negate) : isSaid(said) ? said.value : flag.sets;
      return withValue(into, field.path, value);
    });
  }
  return parsed => readers.reduce<Record<string, unknown>>((into, read) => read(parsed, into), {});
}

/** What the user calls a field: its flag, or its name where it has none. */
export function flagNamer(configuration: z.ZodObject): (path: readonly string[]) => string {
  const fields = fieldsOf(configuration);
  return path => {
    const found = fields.find(field => field.path.every((name, i) => path[i] === name));
    const flag = found?.flags[0];
    return flag === undefined ? `"${path.join('.')}"` : flagName(flag);
  };
}
