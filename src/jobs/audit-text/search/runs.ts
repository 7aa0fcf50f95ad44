import type { Matches, Reach } from './findings.ts';
import type { TextIndex } from './text-index.ts';

/** A stretch of a text that occurs in the corpus, and that no longer one contains. */
export interface FoundRun {
  /** Number of the text. */
  readonly text: number;
  /** Bytes from the beginning of the text. */
  readonly start: number;
  readonly end: number;
  /** Place in the index where it begins. */
  readonly place: number;
  /** Bytes by which the match begins before it, so as not to split a code point. */
  readonly trimmed: number;
  readonly reach: Reach;
}

/** Bytes of a code point after its first, at most. */
const MOST_CONTINUED = 3;

/** The longest runs of one text, by where they begin: none lies in another one, and none splits a code point. */
export function runsOf(index: TextIndex, matches: Matches, text: number): FoundRun[] {
  const { starts, symbols } = index;
  const [from, to] = [starts[text]!, starts[text + 1]! - 1];
  const continues = (place: number): boolean => place < to && ((symbols[place]! - 1) & 0xc0) === 0x80;
  const runs: FoundRun[] = [];
  let covered = from;
  for (let place = from; place < to; place++) {
    const reach = matches.at(place);
    if (reach === null || place + reach.length <= covered) continue;
    let start = place;
    while (start - place < MOST_CONTINUED && continues(start)) start++;
    let end = place + reach.length;
    for (let back = 0; back < MOST_CONTINUED && continues(end); back++) end--;
    if (end <= covered || end <= start) continue;
    covered = end;
    runs.push({ text, start: start - from, end: end - from, place, trimmed: start - place, reach });
  }
  return runs;
}
