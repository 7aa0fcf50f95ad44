/** What pandas reads as missing by default, in lower case, and dashes. A lower-case `none` is a class of its own: no beard, no glasses. */
const MISSING = new Set([
  '',
  '#n/a',
  '#n/a n/a',
  '#na',
  '-1.#ind',
  '-1.#qnan',
  '1.#ind',
  '1.#qnan',
  '-nan',
  'nan',
  '<na>',
  'n/a',
  'null',
  '(null)',
  '\\n',
  '-',
  '--',
  '\u2013',
  '\u2014',
  '?',
]);
const MISSING_AS_WRITTEN = new Set(['NA', 'N.A.', 'None', 'NaT']);

/** A cell as a label: what programs write for a value that is missing is `null`. */
export function labelOf(cell: string): string | null {
  const text = cell.trim();
  return MISSING_AS_WRITTEN.has(text) || MISSING.has(text.toLowerCase()) ? null : text;
}

/**
 * One spelling for values that differ in case alone: the most common one, and of equally common ones the first in order.
 *
 * @returns how a value is spelled, `null` for unknown ones
 */
export function oneSpelling(values: Iterable<string | null>): (value: string | null) => string | null {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const best = new Map<string, string>();
  for (const value of [...counts.keys()].sort()) {
    const folded = value.toLowerCase();
    const former = best.get(folded);
    if (former === undefined || counts.get(value)! > counts.get(former)!) best.set(folded, value);
  }
  return value => (value === null ? null : (best.get(value.toLowerCase()) ?? value));
}
