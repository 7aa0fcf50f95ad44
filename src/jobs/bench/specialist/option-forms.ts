import type { QuestionOption } from '../../../ground/contracts/bench.ts';

/** "None of the above": right where no other option is. */
export const isNoneOfTheAbove = (text: string): boolean =>
  /\b(none|neither|not any) of (the )?(above|these|those|listed|options)|\bnone\b.{0,200}\b(above|options)\b/i.test(
    text,
  );

/** Characters of an option that is a count or a range. */
const MOST_LENGTH = 100;

const WORDS: ReadonlyMap<string, number> = new Map([
  ['zero', 0],
  ['no', 0],
  ['none', 0],
  ['one', 1],
  ['two', 2],
  ['three', 3],
  ['four', 4],
  ['five', 5],
  ['six', 6],
  ['seven', 7],
  ['eight', 8],
  ['nine', 9],
  ['ten', 10],
  ['single', 1],
]);

/** A whole number in figures or words, alone or with what it counts: `3`, `Three`, `2 images`, `None`. */
export function parseCount(text: string): number | null {
  if (text.length > MOST_LENGTH) return null;
  const match = /^\W*(\d+|[a-z]+)\b(?:\s+(?:[a-z]+\s*){0,3})?\W*$/i.exec(text.trim());
  const word = match?.[1]?.toLowerCase();
  if (word === undefined || isNoneOfTheAbove(text)) return null;
  return /^\d+$/.test(word) ? Number(word) : (WORDS.get(word) ?? null);
}

/** Both ends count. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

const NUMBER = String.raw`[-−–]?\d+(?:\.\d+)?`;
const BETWEEN = new RegExp(`(${NUMBER})\\s*(?:°|degrees?|years?)?\\s*(?:-|–|—|−|to|and|,|\\.\\.)\\s*(${NUMBER})`, 'i');
const ABOVE = new RegExp(
  `(?:more than|over|above|older than|greater than|at least|>=?|≥)\\s*(${NUMBER})|(${NUMBER})\\s*(?:\\+|(?:years?\\s*)?(?:and|or) (?:above|older|over|more|up))`,
  'i',
);
const BELOW = new RegExp(
  `(?:less than|under|below|younger than|fewer than|at most|<=?|≤)\\s*(${NUMBER})|(${NUMBER})\\s*(?:years?\\s*)?(?:and|or) (?:below|younger|under|less|fewer)`,
  'i',
);

const toNumber = (text: string): number => Number(text.replace(/[−–]/, '-'));

/** A range of numbers: `20-29`, `22 to 26`, `-10° to 0°`, `[-20, -10]`, `70+`, `more than 70`, `under 3`. */
export function parseRange(text: string): Range | null {
  if (text.length > MOST_LENGTH) return null;
  const between = BETWEEN.exec(text);
  if (between !== null) {
    const [a, b] = [toNumber(between[1]!), toNumber(between[2]!)];
    return { low: Math.min(a, b), high: Math.max(a, b) };
  }
  const above = ABOVE.exec(text);
  if (above !== null) return { low: toNumber(above[1] ?? above[2]!), high: Number.POSITIVE_INFINITY };
  const below = BELOW.exec(text);
  if (below !== null) return { low: Number.NEGATIVE_INFINITY, high: toNumber(below[1] ?? below[2]!) };
  return null;
}

const ORDINALS: Readonly<Record<string, number>> = { first: 1, second: 2, third: 3, fourth: 4, fifth: 5, sixth: 6 };
const PICTURES =
  /^(?:(?:only|the|both|and|in|is|are|of|image|images|picture|pictures|photo|photos|face|faces|person|people|subject|individual|img|no|number|show|shows)\b|[\s,;&.:#()/<>→-]|\d|first|second|third|fourth|fifth|sixth)+$/i;

/**
 * The images that an option names, from 0 and in its order: `Image 1 and Image 3`, `Images 2, 4`, `the first image`,
 * `All images`, `None`. Null where it names none.
 */
export function parsePictures(text: string, count: number): number[] | null {
  const plain = text.trim();
  if (isNoneOfTheAbove(plain)) return null;
  if (/^(none|neither)\b/i.test(plain) || /^no (image|picture|one)/i.test(plain)) return [];
  if (/^all\b/i.test(plain) || (/^both\b/i.test(plain) && !/\d/.test(plain))) {
    return Array.from({ length: count }, (_, i) => i);
  }
  if (!PICTURES.test(plain)) return null;
  const numbers = [...plain.matchAll(/\d+|first|second|third|fourth|fifth|sixth/gi)].map(([word]) =>
    /^\d/.test(word) ? Number(word) : ORDINALS[word.toLowerCase()]!,
  );
  if (numbers.length === 0 || numbers.some(number => number < 1 || number > count)) return null;
  return numbers.map(number => number - 1);
}

/** What the options of a question are. */
export type OptionForm =
  | { readonly kind: 'counts'; readonly values: readonly (number | null)[] }
  | { readonly kind: 'pictures'; readonly values: readonly (readonly number[] | null)[] }
  | { readonly kind: 'ranges'; readonly values: readonly (Range | null)[] }
  | { readonly kind: 'yes-no'; readonly values: readonly (boolean | null)[] }
  | { readonly kind: 'words' };

/**
 * Tells what the options of a question are, each read alike; an option that does not fit, such as "None of the above",
 * is null, and at most half of them may be.
 *
 * @param images - how many images the question shows
 */
export function readOptions(options: readonly QuestionOption[], pictures: number): OptionForm {
  const texts = options.map(({ text }) => text);
  const fits = (values: readonly unknown[]): boolean =>
    values.filter(value => value !== null).length * 2 > values.length;
  const yesNo = texts.map(text =>
    /^\W*yes\b/i.test(text) ? true : /^\W*no\b(?! (image|picture))/i.test(text) ? false : null,
  );
  if (yesNo.includes(true) && yesNo.includes(false)) return { kind: 'yes-no', values: yesNo };
  const ranges = texts.map(text => (isNoneOfTheAbove(text) || /image|picture/i.test(text) ? null : parseRange(text)));
  const named = texts.some(text => /image|picture|photo|face|first|second/i.test(text));
  const pictureSets = texts.map(text => parsePictures(text, pictures));
  if (named && pictures > 1 && fits(pictureSets)) return { kind: 'pictures', values: pictureSets };
  const counts = texts.map(parseCount);
  if (fits(counts)) return { kind: 'counts', values: counts };
  // Bare lists such as "1, 3" look like ranges too, but those of ranges go up in steps and beyond the number of images.
  if (pictures > 1 && fits(pictureSets)) return { kind: 'pictures', values: pictureSets };
  if (fits(ranges)) return { kind: 'ranges', values: ranges };
  return { kind: 'words' };
}
