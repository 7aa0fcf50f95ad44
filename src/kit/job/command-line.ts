import { z } from 'zod';
import type { Job } from './declaration.ts';
import { type Field, type Flag, fieldsOf, valueAt } from './field.ts';

/** A word as a shell takes it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The long name of a flag, such as `--train`. */
export function flagName({ flags }: Flag): string {
  return flags.split(/[ ,]+/).find(part => part.startsWith('--')) ?? flags;
}

const takesValue = ({ flags }: Flag): boolean => /[<[]/.test(flags);

/** A value as the text of a flag; null where this flag cannot say it. */
function textOf({ meta }: Field, flag: Flag, value: unknown): string | null {
  const form = flag.text ?? meta.text;
  if (form !== undefined) return form.format(value);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** Parts of a value that are said one by one: items of a list, entries of a table. */
function partsOf({ inner }: Field, value: unknown): unknown[] {
  if (inner instanceof z.ZodArray && Array.isArray(value)) return value;
  if (inner instanceof z.ZodRecord && typeof value === 'object' && value !== null)
    return Object.entries(value).map(([name, part]) => ({ [name]: part }));
  return [value];
}

function wordsOf(field: Field, value: unknown): string[] {
  for (const flag of field.flags) {
    if (!takesValue(flag)) {
      const sets = flag.sets ?? !flagName(flag).startsWith('--no-');
      if (value === sets) return [flagName(flag)];
      continue;
    }
    const texts = partsOf(field, value).map(part => textOf(field, flag, part));
    if (texts.length === 0 || texts.includes(null)) continue;
    const said = texts.map(text => text ?? '');
    return (field.meta.commas ? [said.join(',')] : said).flatMap(text => [flagName(flag), shellWord(text)]);
  }
  return [];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The command line that does what a configuration says: every field that is not at its default, and that has a flag. */
export function commandOf(job: Pick<Job, 'verb' | 'configuration'>, configuration: unknown): string {
  const words = fieldsOf(job.configuration).flatMap(field => {
    const value = valueAt(configuration, field.path);
    const absent = value === undefined || (value === null && field.default === undefined);
    return absent || same(value, field.default) ? [] : wordsOf(field, value);
  });
  return ['biolens', job.verb, ...words].join(' ');
}
