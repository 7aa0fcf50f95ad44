import type { JobSettings } from '../client/client.ts';
import { type FormField, type FormPart, fieldsOf } from './form-parts.ts';

/** What the fields hold, by their ids: text, or whether a box is checked. What is not here is empty. */
export type FormValues = Readonly<Record<string, string | boolean>>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Numbers as such; what is none stays text, and the studio says what it expected. */
const numberIn = (text: string): unknown => (Number.isFinite(Number(text)) ? Number(text) : text);

type Read = { readonly value: unknown } | { readonly problem: string };

/** What a field asks for; an undefined value where it is empty. */
function read({ control, required }: FormField, held: string | boolean | undefined): Read {
  if (control.type === 'switch') return { value: held === true ? control.sets : undefined };
  const text = typeof held === 'string' ? held.trim() : '';
  if (text === '') return required ? { problem: 'This is needed.' } : { value: undefined };
  switch (control.type) {
    case 'text':
      return { value: text };
    case 'number':
      return { value: text === 'null' && control.words.includes(text) ? null : numberIn(text) };
    case 'choice':
      return { value: control.choices.find(choice => String(choice) === text) };
    case 'lines': {
      const lines = text.split('\n').map(line => line.trim());
      const items = lines.filter(line => line !== '');
      return { value: control.items === 'number' ? items.map(numberIn) : items };
    }
    case 'json':
      try {
        return { value: JSON.parse(text) };
      } catch {
        return control.text ? { value: text } : { problem: 'This is not JSON.' };
      }
  }
}

function withValue(settings: JobSettings, [name, ...rest]: readonly string[], value: unknown): JobSettings {
  if (name === undefined) return settings;
  if (rest.length === 0) return { ...settings, [name]: value };
  const inner = settings[name];
  return { ...settings, [name]: withValue(isRecord(inner) ? inner : {}, rest, value) };
}

function valueAt(settings: JobSettings, path: readonly string[]): unknown {
  let current: unknown = settings;
  for (const name of path) {
    if (!isRecord(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current;
}

export interface ReadForm {
  readonly configuration: JobSettings;
  /** What can be told to be wrong without the studio, by field. */
  readonly problems: ReadonlyMap<string, string>;
}

/** What a filled-in form asks for; empty fields are left out. */
export function readForm(parts: readonly FormPart[], values: FormValues): ReadForm {
  let configuration: JobSettings = {};
  const problems = new Map<string, string>();
  for (const field of fieldsOf(parts)) {
    const found = read(field, values[field.id]);
    if ('problem' in found) problems.set(field.id, found.problem);
    else if (found.value !== undefined) configuration = withValue(configuration, field.path, found.value);
  }
  return { configuration, problems };
}

/** What a field holds to ask for a value. */
function held({ control }: FormField, value: unknown): string | boolean {
  switch (control.type) {
    case 'switch':
      return same(value, control.sets);
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : '';
    case 'json':
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

/** Fills a form in as a configuration is; what is at its default stays empty. */
export function fillForm(parts: readonly FormPart[], configuration: JobSettings): FormValues {
  const filled = fieldsOf(parts).flatMap((field): [string, string | boolean][] => {
    const value = valueAt(configuration, field.path);
    const nothing = value === undefined || (value === null && (field.default ?? null) === null);
    return nothing || same(value, field.default) ? [] : [[field.id, held(field, value)]];
  });
  return Object.fromEntries(filled);
}
