import { capitalised } from '../text/words.ts';
import type { FormField } from './form-parts.ts';
import type { FormValues } from './form-values.ts';

/** Fields of every form beside the job's own settings. */
export const NAME = 'run:name';
export const FAIL_ON = 'run:fail-on';

/** What is wrong with the whole rather than with a field. */
export const WHOLE = 'run:whole';

interface Form {
  readonly fields: readonly FormField[];
  readonly values: FormValues;
}

/** The field that a quoted path is or lies in, the innermost. */
function fieldOfPath(path: string, fields: readonly FormField[]): string | null {
  const around = fields.filter(({ id }) => path === id || path.startsWith(`${id}.`));
  const [innermost] = around.sort((a, b) => b.id.length - a.id.length);
  if (innermost !== undefined) return innermost.id;
  // A group that is wrong as a whole: its first field stands for it.
  const within = fields.find(({ id }) => id.startsWith(`${path}.`));
  if (within !== undefined) return within.id;
  if (path === 'name') return NAME;
  return path === 'failOn' || path.startsWith('failOn.') ? FAIL_ON : null;
}

/** The field whose path a message begins with, the longest: what is wrong with a file is said of the file. */
function fieldOfFile(message: string, { fields, values }: Form): string | null {
  const named = fields.flatMap(({ id, is, control }) => {
    const held = values[id];
    if (is === undefined || control.type !== 'text' || typeof held !== 'string') return [];
    const path = held.trim().replace(/^(?:\.\/)+|\/+$/g, '');
    const at = path === '' ? -1 : message.indexOf(path);
    const starts = at === 0 || (at > 0 && message.startsWith('/') && message[at - 1] === '/');
    const whole = /^(?:[:/]|$)/.test(message.slice(at + path.length)) && !message.slice(0, at).includes(': ');
    return starts && whole ? [{ id, length: path.length }] : [];
  });
  const [first, second] = named.sort((a, b) => b.length - a.length);
  return first === undefined || first.length === second?.length ? null : first.id;
}

/** Where a message of the studio belongs: at the field it names, else at the whole. */
function placeOf(message: string, form: Form): string {
  if (message.startsWith('--fail-on')) return FAIL_ON;
  const quoted = QUOTED.exec(message)?.[1];
  const place = quoted === undefined ? fieldOfFile(message, form) : fieldOfPath(quoted, form.fields);
  return place ?? WHOLE;
}

const QUOTED = /^"([^"]+)"\s*/;

/** A message of the studio with its place; at the very field that it names it need not name it. */
export function placeMessage(message: string, form: Form): readonly [place: string, message: string] {
  const place = placeOf(message, form);
  return [place, QUOTED.exec(message)?.[1] === place ? capitalised(message.replace(QUOTED, '')) : message];
}
