import leven, { closestMatch } from 'leven';

/** Longer words come from strangers' files and are not compared. */
const LONGEST = 200;
/** In words as short as this a second wrong letter makes another word, unless two have only changed places. */
const SHORT = 4;

const sortedLetters = (word: string): string => [...word].sort().join('');

function isNear(word: string, known: string): boolean {
  if (word.length > SHORT) return leven(word, known) <= Math.ceil(word.length / 3);
  return leven(word, known) <= 1 || sortedLetters(word) === sortedLetters(known);
}

/** `, did you mean "x"?` where a known word is near enough to be meant; else nothing. */
export function suggest(word: string, known: readonly string[]): string {
  if (word.length > LONGEST) return '';
  const lower = new Map(known.map(name => [name.toLowerCase(), name]));
  const wanted = word.toLowerCase();
  const found = closestMatch(wanted, [...lower.keys()]);
  const name = found === undefined || !isNear(wanted, found) ? undefined : lower.get(found);
  return name === undefined || name === word ? '' : `, did you mean "${name}"?`;
}
