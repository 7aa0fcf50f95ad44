import { z } from 'zod';
import type { Metric } from '../../ground/contracts/metric.ts';
import { BiolensError } from '../../ground/errors.ts';
import { variance } from '../../ground/math/index.ts';

/** A pair of a list in the form of LFW: two images, each by a person's name and the number of the image. */
export interface ListedPair {
  readonly reference: ListedImage;
  readonly probe: ListedImage;
  readonly mated: boolean;
  /** From 0; a list for development has one. */
  readonly fold: number;
}

export interface ListedImage {
  readonly person: string;
  readonly number: number;
}

export interface PairList {
  readonly pairs: readonly ListedPair[];
  readonly folds: number;
  /** Mated pairs a fold, as the first line says, and as many non-mated ones. */
  readonly perFold: number;
}

const MOST_LINES = 5_000_000;
const MOST_LINE = 2000;
const imageNumber = z.coerce.number().int().min(0).max(1e9);
const headSchema = z.tuple([z.coerce.number().int().min(1).max(1000), z.coerce.number().int().min(1).max(1e6)]);

const isNumber = (part: string | undefined): part is string => part !== undefined && /^\d{1,10}$/.test(part);

/** The parts of a line: between tabs where there are some, since names may hold spaces; otherwise the numbers end the names. */
function partsOf(line: string): string[] {
  if (line.includes('\t')) return line.split('\t').map(part => part.trim());
  const words = line.trim().split(/ +/);
  const last = words.at(-1);
  if (!isNumber(last)) return words;
  if (isNumber(words.at(-2)) && words.length >= 3) return [words.slice(0, -2).join(' '), words.at(-2)!, last];
  const cut = words.findIndex((word, i) => i > 0 && i < words.length - 2 && isNumber(word));
  if (cut < 0) return words;
  return [words.slice(0, cut).join(' '), words[cut]!, words.slice(cut + 1, -1).join(' '), last];
}

function parsePair(line: string, refuse: (why: string) => BiolensError): Omit<ListedPair, 'fold'> {
  const parts = partsOf(line);
  const [a = '', b, c, d] = parts;
  const read = (part: string | undefined): number => {
    const parsed = imageNumber.safeParse(part);
    if (!isNumber(part) || !parsed.success) throw refuse(`expected the number of an image, got "${part ?? ''}"`);
    return parsed.data;
  };
  if (a === '') throw refuse('names no person');
  if (parts.length === 3)
    return { reference: { person: a, number: read(b) }, probe: { person: a, number: read(c) }, mated: true };
  if (parts.length !== 4 || c === '' || c === undefined)
    throw refuse(`expected NAME N M, or NAME N NAME M, got ${parts.length} parts`);
  if (a === c) return { reference: { person: a, number: read(b) }, probe: { person: c, number: read(d) }, mated: true };
  return { reference: { person: a, number: read(b) }, probe: { person: c, number: read(d) }, mated: false };
}

/**
 * Reads a list of pairs in the form of `pairs.txt` and `pairsDevTest.txt` (Huang et al., LFW, 2007, section IV): the first line is the
 * number of folds and of mated pairs a fold, or the latter alone; then a line a pair, `NAME N M` or `NAME N NAME M`, apart by tabs. Pairs may
 * stand in any order; folds are the lines in their order, `2 × perFold` each.
 *
 * @param source what messages call it
 * @throws BiolensError `input` naming the line
 */
export function parsePairList(text: string, source: string): PairList {
  const lines = text.split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
  if (lines.length > MOST_LINES) throw new BiolensError('input', `${source}: more than ${MOST_LINES} lines`);
  const refuse = (line: number, why: string): BiolensError =>
    new BiolensError('input', `${source}: line ${line}: ${why}`, { details: { file: source, line } });
  const head = (lines[0] ?? '').trim().split(/\s+/);
  const parsed = headSchema.safeParse(head.length === 1 ? ['1', ...head] : head);
  if (!parsed.success || !head.every(isNumber))
    throw refuse(1, `expected the number of folds and of pairs a fold, got "${(lines[0] ?? '').slice(0, 40)}"`);
  const [folds, perFold] = parsed.data;
  const expected = 2 * folds * perFold;
  if (lines.length - 1 !== expected)
    throw refuse(1, `announces ${expected} pairs (${folds} × 2 × ${perFold}), the list has ${lines.length - 1}`);
  const pairs = lines.slice(1).map((line, i) => {
    if (line.length > MOST_LINE) throw refuse(i + 2, `longer than ${MOST_LINE} characters`);
    return { ...parsePair(line, why => refuse(i + 2, why)), fold: Math.floor(i / (2 * perFold)) };
  });
  return { pairs, folds, perFold };
}

/** The name of an image as LFW writes it: `Name/Name_0001`, without its ending. */
export const imageStem = ({ person, number }: ListedImage): string => {
  const name = person.replaceAll(' ', '_');
  return `${name}/${name}_${String(number).padStart(4, '0')}`;
};

/** What the protocol of LFW gives. */
export interface FoldResult {
  /** Mean accuracy over the folds; its interval is the mean ± 1.96 standard errors, as LFW's tables have it. */
  readonly accuracy: Metric;
  /** Standard deviation of the folds' accuracies over √folds; null for one fold. */
  readonly standardError: number | null;
  readonly folds: readonly { readonly threshold: number; readonly accuracy: number }[];
}

/**
 * The most accurate threshold, midway between the two scores that it separates, and its accuracy; of several the lowest. A score of −∞
 * matches at none.
 */
export function bestThreshold(
  scores: ArrayLike<number>,
  mated: ArrayLike<number>,
): { readonly threshold: number; readonly accuracy: number } {
  const all = Array.from({ length: scores.length }, (_, i) => i);
  const order = all.filter(i => scores[i] !== Number.NEGATIVE_INFINITY).sort((a, b) => scores[a]! - scores[b]!);
  // Below all scores every comparison that was made matches; past each distinct one its comparisons no longer do.
  let right = all.filter(i => (scores[i] !== Number.NEGATIVE_INFINITY) === (mated[i] === 1)).length;
  let best = { right, low: Number.NEGATIVE_INFINITY, high: scores[order[0]!] ?? 0 };
  for (let at = 0; at < order.length; ) {
    const score = scores[order[at]!]!;
    while (at < order.length && scores[order[at]!] === score) right += mated[order[at++]!] === 1 ? -1 : 1;
    const next = at < order.length ? scores[order[at]!]! : Number.POSITIVE_INFINITY;
    if (right > best.right) best = { right, low: score, high: next };
  }
  const { low, high } = best;
  const threshold =
    low === Number.NEGATIVE_INFINITY ? high : high === Number.POSITIVE_INFINITY ? nextAbove(low) : between(low, high);
  return { threshold, accuracy: best.right / scores.length };
}

const nextAbove = (value: number): number => value + Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE);

/** A number above `low` and no more than `high`. */
function between(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return middle > low ? middle : high;
}

/**
 * The protocol of LFW, view 2: for each fold the threshold is the most accurate one on the others, and the accuracy that of the fold. A
 * comparison that could not be made (a failure to acquire) has the score −∞: it never matches, so it counts as wrong where it is mated.
 *
 * @param fold of each comparison, from 0
 * @throws BiolensError `input` where a fold has no comparisons, or there is only one fold
 */
export function foldAccuracy({
  scores,
  mated,
  fold,
}: {
  readonly scores: ArrayLike<number>;
  readonly mated: ArrayLike<number>;
  readonly fold: ArrayLike<number>;
}): FoldResult {
  const count = Array.from(fold).reduce((most, f) => Math.max(most, f + 1), 0);
  if (count < 2) throw new BiolensError('input', 'the protocol of folds needs two folds or more');
  const all = Array.from({ length: scores.length }, (_, i) => i);
  const folds = Array.from({ length: count }, (_, f) => {
    const others = all.filter(i => fold[i] !== f);
    const own = all.filter(i => fold[i] === f);
    if (own.length === 0) throw new BiolensError('input', `fold ${f + 1} has no pairs`);
    const { threshold } = bestThreshold(
      others.map(i => scores[i]!),
      others.map(i => mated[i]!),
    );
    const right = own.filter(i => scores[i]! >= threshold === (mated[i] === 1)).length;
    return { threshold, accuracy: right / own.length };
  });
  const accuracies = folds.map(({ accuracy }) => accuracy);
  const value = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / count;
  const standardError = Math.sqrt(variance(accuracies) / count);
  return {
    accuracy: {
      value,
      n: scores.length,
      interval: {
        low: value - 1.96 * standardError,
        high: value + 1.96 * standardError,
        confidence: 0.95,
        method: 'standard error over folds',
      },
    },
    standardError,
    folds,
  };
}
