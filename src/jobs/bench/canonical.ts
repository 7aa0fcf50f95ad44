const NUMBER_WORDS: Readonly<Record<string, string>> = {
  zero: '0',
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9',
  ten: '10',
};

/** `Image 1`, `images 2 and 5`, `Image 1, Image 2, and Image 3`, `Image 1 & 2`, at the start of a text. */
export const IMAGE_LIST =
  /^(?:the\s+)?(?:images?|pictures?|photos?)\s{0,4}#?\s{0,4}\d{1,6}(?!\d)(?:(?:\s{0,4}(?:,\s{0,4}(?:and|or)?|&|\+|\/|\band\b|\bor\b)\s{0,4})(?:the\s+)?(?:(?:images?|pictures?|photos?)\s{0,4})?#?\d{1,6}(?!\d)(?!\s{0,4}(?:[-%.]\s{0,4}\d|(?:of|years?|people)\b)))*/i;

/** The image numbers of a list like `Image 1 and Image 4`, ascending; null where the text is not only such a list. */
export function imageList(text: string): readonly number[] | null {
  const plain = text.trim();
  const match = IMAGE_LIST.exec(plain);
  if (match === null || match[0].length !== plain.length) return null;
  const numbers = [...match[0].matchAll(/\d+/g)].map(digits => Number(digits[0]));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Blanks, quotation marks and sentence marks. */
const EDGE = new Set('"\'.,;:!?()[] \t\n\r\f\v\u00a0\u2028\u2029\ufeff');

/** Text without what stands at its ends; a regular expression for the end alone would look at every place. */
function trimEdges(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && EDGE.has(text[start] ?? '')) start++;
  while (end > start && EDGE.has(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
}

/** One style of case, blanks, dashes, ranges, quotes and underscores; sentence marks at the ends are left out. */
export function foldText(text: string): string {
  return trimEdges(
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/[\u2018\u2019]/g, "'")
      .replace(/[_\s]+/g, ' ')
      .replace(/(\d) ?(?:to|-) ?(?=-?\d)/g, '$1-'),
  );
}

/**
 * The same text for wordings that mean the same: case, blanks, number words, the order and the joining words of image lists.
 * `Images 5 and 2` and `Image 2, Image 5` both give `images 2 5`.
 */
export function canonicalText(text: string): string {
  const folded = foldText(text);
  const images = imageList(folded);
  if (images !== null) return `images ${images.join(' ')}`;
  return folded
    .replace(/\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten)\b/g, word => NUMBER_WORDS[word] ?? word)
    .replace(/[,;]\s*/g, ', ')
    .replace(/^(?:the|a|an)\s+/, '')
    .replace(/(?<![\s,])[\s,]+and\s+/g, ' and ');
}
