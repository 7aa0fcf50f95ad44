import { MOST_JSON_DEPTH } from './parse-json.ts';

/** Shorter strings are placeholders such as `EMPTY` or `ollama`, and taking them out would damage answers. */
const MIN_SECRET_LENGTH = 8;
const MARK = '[key]';
const SPECIAL = /[.*+?^${}()|[\]\\/-]/g;

/** Hexadecimal digits, letters in either case. */
const hex = (value: number, digits = 2): string =>
  value
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, digit => `[${digit}${digit.toUpperCase()}]`);

/** A pattern for one character in every spelling in which a server may send it back: `s`, `%73`, `%2573`, `\u0073`, `\x73`, `&#115;`. */
function spellingsOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  const spellings = [
    // JSON may put backslashes before a slash or a quotation mark.
    `\\\\{0,8}${character.replace(SPECIAL, '\\$&')}`,
    [...new TextEncoder().encode(character)].map(byte => `%(?:25){0,3}${hex(byte)}`).join(''),
    units.map(unit => `\\\\{1,8}u${hex(unit, 4)}`).join(''),
    `\\\\{1,8}x${hex(code)}`,
    `&(?:amp;)?#(?:[xX]0{0,4}${hex(code, 1)}|0{0,4}${code});`,
  ];
  return `(?:${spellings.join('|')})`;
}

/** Takes secrets out of what a server sent. */
export interface Redactor {
  text(text: string): string;
  /** In every string and key of plain data. */
  data(value: unknown): unknown;
}

/** A redactor that puts `[key]` in the place of every secret, in plain, percent-, JSON- and HTML-escaped spelling. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const patterns = secrets
    .filter(secret => secret.length >= MIN_SECRET_LENGTH)
    .map(secret => new RegExp(Array.from(secret, spellingsOf).join(''), 'g'));
  const text = (given: string): string => patterns.reduce((clean, pattern) => clean.replace(pattern, MARK), given);
  const data = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth > MOST_JSON_DEPTH) return null;
    if (Array.isArray(value)) return value.map(one => data(one, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [text(key), data(one, depth + 1)]));
  };
  return { text, data: value => data(value, 0) };
}
