import { capitalised, wordsOf } from '../text/words.ts';
import { alternativesOf, exampleOf, type JsonSchema, listedValues, rangeOf, typesOf } from './json-schema.ts';

/** How a field is filled in. */
export type Control =
  | { readonly type: 'text'; readonly words: readonly string[] }
  /** Words are what may stand instead of a number: `null` for nothing at all. */
  | { readonly type: 'number'; readonly whole: boolean; readonly words: readonly string[] }
  | { readonly type: 'choice'; readonly choices: readonly unknown[] }
  /** A box; `sets` is the value when it is checked, else the field is left out. */
  | { readonly type: 'switch'; readonly sets: unknown }
  | { readonly type: 'lines'; readonly items: 'text' | 'number' }
  /** `text`: what is no JSON may stand for itself. */
  | { readonly type: 'json'; readonly text: boolean };

export interface FormField {
  readonly type: 'field';
  /** The path with dots, as messages quote it. */
  readonly id: string;
  readonly path: readonly string[];
  readonly title: string;
  /** Sentences on what it is and what it takes. */
  readonly help: string;
  readonly required: boolean;
  /** Undefined where there is none. */
  readonly default: unknown;
  /** What happens where nothing is given. */
  readonly placeholder: string;
  /** A path or a word of the machine's, not prose. */
  readonly is: string | undefined;
  /** Shown at once, although it may be left out. */
  readonly usual: boolean;
  /** Settings that no flag sets are for files and programs: shown only where they are in use. */
  readonly rare: boolean;
  readonly control: Control;
}

/** An object with fields of its own. */
export interface FormGroup {
  readonly type: 'group';
  readonly id: string;
  readonly title: string;
  readonly help: string;
  readonly required: boolean;
  readonly parts: readonly FormPart[];
}

export type FormPart = FormField | FormGroup;

interface Place {
  readonly root: JsonSchema;
  readonly path: readonly string[];
  readonly required: boolean;
  /** A flag sets the object around it. */
  readonly flagged: boolean;
  /** What the object around it has for it by default. */
  readonly given: unknown;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A sentence of what the help of a command line says in half of one. */
function sentence(text: string): string {
  const whole = capitalised(text.replace(/; may be repeated\b.*$/, '').trim());
  return whole === '' || /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

const COMMAND_LINE_FORM = /(?:,? such as|:) \w+=.*$/;

/** A default as a placeholder says it. */
function written(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join('\n');
  if (isRecord(value)) return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
  return String(value);
}

const isNull = (schema: JsonSchema): boolean => typesOf(schema).join() === 'null';
const isNumber = (schema: JsonSchema): boolean => ['number', 'integer'].includes(typesOf(schema)[0] ?? '');
const takesNoValue = (flag: string): boolean => !/[<[]/.test(flag);

/** The box that stands for flags without a value; null where there is none. */
function switchOf(values: readonly unknown[], schema: JsonSchema): Control | null {
  const flags = schema['x-flags'] ?? [];
  if (flags.length > 0 && !flags.every(takesNoValue)) return null;
  const boolean = values.includes(true) && values.includes(false);
  if (values.length !== 2 || (flags.length === 0 && !boolean)) return null;
  const no = flags.length > 0 && flags.every(flag => /(?:^|\s)--no-/.test(flag));
  const sets = boolean ? !no : values.find(value => value !== schema.default);
  return sets === schema.default ? null : { type: 'switch', sets };
}

/** @param options alternatives, without the null that only says that nothing is given */
function controlOf(options: readonly JsonSchema[], schema: JsonSchema): Control {
  const [first] = options;
  const listed = options.map(option =>
    typesOf(option)[0] === 'boolean' ? [true, false] : isNull(option) ? [null] : listedValues(option),
  );
  const json: Control = { type: 'json', text: options.some(option => typesOf(option)[0] === 'string') };
  if (first === undefined) return json;
  if (listed.every(values => values !== null)) {
    const values = listed.flat();
    return switchOf(values, schema) ?? { type: 'choice', choices: values };
  }
  const open = options.filter((_, i) => listed[i] === null);
  const words = [...listed.flatMap(values => values?.map(String) ?? []), ...(schema['x-words'] ?? [])];
  const [only] = open;
  if (open.length !== 1 || only === undefined) return json;
  if (isNumber(only)) return { type: 'number', whole: typesOf(only)[0] === 'integer', words };
  const [type] = typesOf(only);
  if (type === 'string') return { type: 'text', words };
  if (options.length > 1 || type !== 'array' || typeof only.items !== 'object') return json;
  const items = only.items;
  if (isNumber(items)) return { type: 'lines', items: 'number' };
  return typesOf(items)[0] === 'string' ? { type: 'lines', items: 'text' } : json;
}

/** Whether a help says already from where to where a number goes. */
function saysRange({ description = '' }: JsonSchema, { minimum, maximum }: JsonSchema): boolean {
  return new RegExp(`\\b${minimum} to ${maximum}\\b`).test(description);
}

/** What a field takes, where its look does not say that. */
function expectation(
  control: Control,
  {
    options,
    schema,
    root,
  }: { readonly options: readonly JsonSchema[]; readonly schema: JsonSchema; readonly root: JsonSchema },
): string {
  switch (control.type) {
    case 'number': {
      const number = options.find(isNumber);
      const range = number === undefined || saysRange(schema, number) ? '' : rangeOf(number);
      const kind = `${control.whole ? 'A whole number' : 'A number'} ${range}`.trim();
      return `${[kind, ...control.words].join(', or ')}.`;
    }
    case 'lines': {
      const [items] = options.map(option => option.items);
      const listed = typeof items === 'object' ? listedValues(items) : null;
      return listed === null ? 'One per line.' : `One per line: ${listed.join(', ')}.`;
    }
    case 'json': {
      const examples = options
        .filter(option => !isNull(option))
        .slice(0, 3)
        .map(option => JSON.stringify(exampleOf(option, { root, is: schema['x-is'] })));
      return `As JSON, such as ${[...new Set(examples)].join(' or ')}`;
    }
    default:
      return '';
  }
}

function partOf(schema: JsonSchema, { root, path, required, flagged, given }: Place): FormPart {
  const name = path.at(-1) ?? '';
  const fallback = given === undefined ? schema.default : given;
  const all = alternativesOf(schema, root);
  const nothing = fallback === undefined || fallback === null;
  const options = nothing ? all.filter(option => !isNull(option)) : all;
  const [first] = options;
  const common = { id: path.join('.'), title: capitalised(wordsOf(name)), required };
  const help = sentence(schema.description ?? '');
  if (options.length === 1 && first?.properties !== undefined) {
    const set = flagged || schema['x-flags'] !== undefined;
    const parts = partsOf(first, { root, path, required, flagged: set, given: fallback });
    return { ...common, type: 'group', help, parts };
  }
  const control = controlOf(options, schema);
  // Here shares are JSON: how a command line writes them would mislead.
  const said = control.type === 'json' ? sentence((schema.description ?? '').replace(COMMAND_LINE_FORM, '')) : help;
  return {
    ...common,
    type: 'field',
    path,
    help: [said, expectation(control, { options, schema, root })].filter(text => text !== '').join(' '),
    default: fallback,
    placeholder: written(fallback) || (schema['x-otherwise'] ?? ''),
    is: schema['x-is'],
    usual: schema['x-usual'] === true,
    rare: !flagged && schema['x-flags'] === undefined,
    control,
  };
}

function partsOf(schema: JsonSchema, { root, path, required, flagged, given }: Place): FormPart[] {
  return Object.entries(schema.properties ?? {}).map(([name, inner]) =>
    partOf(inner, {
      root,
      path: [...path, name],
      flagged,
      required: required && (schema.required?.includes(name) ?? false),
      given: isRecord(given) ? given[name] : undefined,
    }),
  );
}

/** The form of a configuration, in the order in which its fields are declared. */
export const formOf = (schema: JsonSchema): readonly FormPart[] =>
  partsOf(schema, { root: schema, path: [], required: true, flagged: false, given: undefined });

/** All fields of a form, those within groups too. */
export function fieldsOf(parts: readonly FormPart[]): readonly FormField[] {
  return parts.flatMap(part => (part.type === 'field' ? [part] : fieldsOf(part.parts)));
}

/** A form without the fields, and the groups, that `keep` turns down. */
export function partsWhere(parts: readonly FormPart[], keep: (field: FormField) => boolean): readonly FormPart[] {
  return parts.flatMap((part): readonly FormPart[] => {
    if (part.type === 'field') return keep(part) ? [part] : [];
    const kept = partsWhere(part.parts, keep);
    return kept.length === 0 ? [] : [{ ...part, parts: kept }];
  });
}
