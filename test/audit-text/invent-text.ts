import { openStream, randomKey } from '../../src/ground/math/index.ts';

const SYLLABLES = [
  'ka',
  'lo',
  'mi',
  'ter',
  'ven',
  'sor',
  'du',
  'pra',
  'ish',
  'on',
  'ul',
  'be',
  'rin',
  'ga',
  'tol',
  'es',
];

/** Text of invented words, the same for a seed and different for another: two of them share no run to speak of. */
export function inventText(seed: number, characters: number): string {
  const stream = openStream(randomKey(seed));
  let text = '';
  while (text.length < characters) {
    const syllables = 1 + stream.integer(4);
    for (let i = 0; i < syllables; i++) text += SYLLABLES[stream.integer(SYLLABLES.length)];
    text += stream.integer(12) === 0 ? '.\n' : ' ';
  }
  return text.slice(0, characters);
}
