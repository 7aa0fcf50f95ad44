import { BiolensError } from '../../../../ground/errors.ts';

/** How text becomes numbers, each 0 … `size` − 1. */
export interface Vocabulary {
  readonly size: number;
  /** Stands before a text. */
  readonly begin: number;
  /** Stands for what is not in it; as a next token it is never counted right. Null where all is. */
  readonly unknown: number | null;
  readonly encode: (text: string) => Int32Array;
}

const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
const NEW_LINE = 0;
const OTHER = 1;
const PRINTABLE_AT = 2;

/** Characters: the new line, those of ASCII that print, and one for all others. Fixed, so that it tells nothing of any client. */
export const CHARACTERS: Vocabulary = {
  size: PRINTABLE_AT + LAST_PRINTABLE - FIRST_PRINTABLE + 1,
  begin: NEW_LINE,
  unknown: OTHER,
  encode: text =>
    Int32Array.from(text, character => {
      const code = character.codePointAt(0)!;
      if (character === '\n') return NEW_LINE;
      return code >= FIRST_PRINTABLE && code <= LAST_PRINTABLE ? PRINTABLE_AT + code - FIRST_PRINTABLE : OTHER;
    }),
};

const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu;

/** Words of a text, in small letters; what stands between them is left out. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];

const UNKNOWN = 0;
const BEGIN = 1;
const WORDS_AT = 2;

/** Words of a list, without those that occur twice; the others are unknown. */
export function wordVocabulary(words: readonly string[]): Vocabulary {
  const places = new Map<string, number>();
  for (const word of words) if (!places.has(word)) places.set(word, WORDS_AT + places.size);
  return {
    size: WORDS_AT + places.size,
    begin: BEGIN,
    unknown: UNKNOWN,
    encode: text => Int32Array.from(wordsOf(text), word => places.get(word) ?? UNKNOWN),
  };
}

/** Words of a vocabulary at most. */
export const MOST_WORDS = 10_000;

/** The most frequent words of texts; equally frequent ones in the order of the alphabet. */
export function frequentWords(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST_WORDS)
    .map(([word]) => word);
}

/**
 * A list of words, one a line.
 *
 * @throws {BiolensError} `input` naming the file and the line
 */
export function readWordList(text: string, file: string): string[] {
  const words = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
  if (words.length === 0 || words.length > MOST_WORDS)
    throw new BiolensError('input', `${file}: ${words.length} words, expected 1 to ${MOST_WORDS}`);
  const wrong = words.findIndex(word => wordsOf(word)[0] !== word.toLowerCase());
  if (wrong >= 0)
    throw new BiolensError('input', `${file}: line ${wrong + 1} is not one word: "${words[wrong]!.slice(0, 40)}"`);
  return words.map(word => word.toLowerCase());
}
