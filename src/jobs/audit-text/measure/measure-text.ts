import type { NormalisedPiece } from '../documents/normalise.ts';
import type { Matches, Occurrence, Place } from '../search/findings.ts';
import { type FoundRun, runsOf } from '../search/runs.ts';
import type { TextIndex } from '../search/text-index.ts';
import { codePointsOf, countWords, wordsOf } from './words.ts';

/** A run of a text, in the text as it was. */
export interface MeasuredRun {
  readonly text: number;
  /** Bytes, code points, and the line it begins in, from 1. */
  readonly start: number;
  readonly end: number;
  readonly codePointStart: number;
  readonly codePointEnd: number;
  readonly line: number;
  readonly words: number;
  readonly weight: number;
  /** Where it begins in the corpus. */
  readonly at: Place;
  /** Bytes of the corpus that it takes, as it was looked at. */
  readonly lookedAt: number;
  readonly documents: readonly Occurrence[];
}

export interface MeasuredText {
  readonly runs: readonly MeasuredRun[];
  readonly characters: number;
  readonly words: number;
  /** Code points in runs of at least the shortest length. */
  readonly covered: number;
  /** Word n-grams, and those that occur in the corpus. */
  readonly ngrams: number;
  readonly foundNgrams: number;
  /** Code points of the longest run that is no common phrase, and where it stands among the runs; −1 for none. */
  readonly longestRare: number;
  readonly rareRun: number;
}

export interface MeasureOptions {
  readonly index: TextIndex;
  readonly matches: Matches;
  readonly shortest: number;
  readonly ngram: number;
  readonly commonFrom: number;
  /** What the text was changed to before it was looked for; null where it was not. */
  readonly changed: NormalisedPiece | null;
}

/** Where a stretch of a changed text was before. */
function originOf(
  { bytes, origins }: NormalisedPiece,
  start: number,
  end: number,
  whole: number,
): readonly [number, number] {
  let from = start;
  // What became several bytes goes along or stays as a whole.
  while (from < end && from > 0 && origins.bytes[from] === origins.bytes[from - 1]) from++;
  return [from < bytes.length ? origins.bytes[from]! : whole, end < bytes.length ? origins.bytes[end]! : whole];
}

function lineFeeds(bytes: Uint8Array, from: number, to: number): number {
  let lines = 0;
  for (let i = from; i < to; i++) if (bytes[i] === 0x0a) lines++;
  return lines;
}

/** Measures what one text shares with the corpus. */
export function measureText(text: number, bytes: Uint8Array, options: MeasureOptions): MeasuredText {
  const { index, matches, shortest, commonFrom, changed } = options;
  const codePoints = codePointsOf(bytes);
  const words = wordsOf(bytes);
  const runs: MeasuredRun[] = [];
  let covered = 0;
  let coveredTo = 0;
  let longestRare = 0;
  let rareRun = -1;
  let line = 1;
  let counted = 0;
  const toOrigin = (run: FoundRun) =>
    changed === null ? ([run.start, run.end] as const) : originOf(changed, run.start, run.end, bytes.length);
  for (const run of runsOf(index, matches, text)) {
    const [start, end] = toOrigin(run);
    const [codePointStart, codePointEnd] = [codePoints[start]!, codePoints[end]!];
    const characters = codePointEnd - codePointStart;
    const rare = run.reach.weight < commonFrom;
    if (rare && characters > longestRare) {
      longestRare = characters;
      rareRun = characters >= shortest ? runs.length : -1;
    }
    if (characters < shortest) continue;
    covered += Math.max(0, codePointEnd - Math.max(codePointStart, coveredTo));
    coveredTo = Math.max(coveredTo, codePointEnd);
    line += lineFeeds(bytes, counted, start);
    counted = start;
    runs.push({
      text,
      start,
      end,
      codePointStart,
      codePointEnd,
      line,
      words: countWords(words, start, end),
      weight: run.reach.weight,
      at: { ...run.reach.at, byte: run.reach.at.byte + (changed === null ? run.trimmed : 0) },
      lookedAt: run.end - run.start,
      documents: matches.documentsAt(run.place),
    });
  }
  return {
    runs,
    characters: codePoints[bytes.length]!,
    words: words.starts.length,
    covered,
    ...countNgrams(text, changed?.bytes ?? bytes, options),
    longestRare,
    rareRun,
  };
}

/** Word n-grams of a text, and those that occur in the corpus. */
function countNgrams(
  text: number,
  bytes: Uint8Array,
  { index, matches, ngram }: MeasureOptions,
): Pick<MeasuredText, 'ngrams' | 'foundNgrams'> {
  const { starts, ends } = wordsOf(bytes);
  const ngrams = Math.max(0, starts.length - ngram + 1);
  let foundNgrams = 0;
  let place = index.starts[text]!;
  // What occurs in the corpus lies in a run that begins here or before.
  let reached = 0;
  for (let i = 0; i < ngrams; i++) {
    for (const at = index.starts[text]! + starts[i]!; place <= at; place++)
      reached = Math.max(reached, place + (matches.at(place)?.length ?? 0));
    if (reached >= index.starts[text]! + ends[i + ngram - 1]!) foundNgrams++;
  }
  return { ngrams, foundNgrams };
}

/** The longest match of a text in each document that is known, in bytes as looked at. */
export function documentsOfText(
  text: number,
  { index, matches }: Pick<MeasureOptions, 'index' | 'matches'>,
): Map<string, Occurrence> {
  const found = new Map<string, Occurrence>();
  for (let place = index.starts[text]!; place < index.starts[text + 1]! - 1; place++)
    for (const one of matches.documentsAt(place)) {
      const key = `${one.file}#${one.row}`;
      const known = found.get(key);
      if (known === undefined || known.length < one.length) found.set(key, one);
    }
  return found;
}

/** Code points of a run. */
export const charactersOf = (run: MeasuredRun): number => run.codePointEnd - run.codePointStart;

/** Code points of the longest run of a text; 0 without runs. */
export const longestOf = ({ runs }: MeasuredText): number =>
  runs.reduce((most, run) => Math.max(most, charactersOf(run)), 0);
