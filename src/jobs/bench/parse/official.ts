import type { QuestionOption } from '../../../ground/contracts/bench.ts';
import { labelled, type Parsed } from './parsed.ts';

/*
 * The release's script runs in Python, whose `\b`, `\s` and `strip` know Unicode. JavaScript's know ASCII boundaries and another
 * set of blanks, so they are spelt out: word characters are letters, numbers and the underscore.
 */
const WORD = String.raw`[\p{L}\p{N}_]`;
const BOUNDARY = `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`;
const BLANKS = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BLANK = `[${BLANKS}]`;
const LETTER = '([A-Za-z])';

/** The six shapes of an answer, in the order they are tried. */
const SHAPES = [
  { name: 'letter', source: `${BOUNDARY}\\(?${LETTER}\\)?${BOUNDARY}` },
  { name: 'Option X', source: `${BOUNDARY}Option${BLANK}+${LETTER}${BOUNDARY}` },
  { name: 'X.', source: `${BOUNDARY}${LETTER}\\.` },
  { name: 'X:', source: `${BOUNDARY}${LETTER}:` },
  { name: 'X -', source: `${BOUNDARY}${LETTER}${BLANK}+-` },
  { name: '(X)', source: `${BOUNDARY}\\(${LETTER}\\)` },
].map(({ name, source }) => ({ name, start: new RegExp(source, 'uy'), anywhere: new RegExp(source, 'gu') }));

const IS_BLANK = new RegExp(BLANK, 'u');

/** Python's `strip`; a regular expression for the end alone would look at every blank of the text. */
function strip(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && IS_BLANK.test(text[start] ?? '')) start++;
  while (end > start && IS_BLANK.test(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
}

/** Characters of a reply that are looked at; the longest of 1,024 tokens has a tenth of them. */
const MOST_CHARACTERS = 64 * 1024;

/**
 * Reads a reply as the script of the FaceXBench release does, letter for letter: six shapes at the start, then anywhere, then the
 * first option whose text is in the reply. It knows no refusals, takes no lower-case letter, and falls for an article "A": it is
 * here so that published scores can be repeated.
 *
 * The release scores a reply without a label as wrong; here that is `unparsed`, which counts as not correct all the same.
 */
export function parseOfficial(raw: string, options: readonly QuestionOption[]): Parsed {
  const text = strip(raw.slice(0, MOST_CHARACTERS));
  const labels = new Set(options.map(option => option.label));
  for (const { name, start } of SHAPES) {
    start.lastIndex = 0;
    const label = start.exec(text)?.[1];
    if (label !== undefined && labels.has(label)) return labelled(label, `starts with ${name}`);
  }
  for (const { name, anywhere } of SHAPES) {
    for (const match of text.matchAll(anywhere)) {
      const label = match[1];
      if (label !== undefined && labels.has(label)) return labelled(label, `contains ${name}`);
    }
  }
  const option = options.find(candidate => text.includes(strip(candidate.text)));
  if (option !== undefined) return labelled(option.label, 'contains the text of the option');
  return { kind: 'unparsed', how: 'no label and no text of an option' };
}
