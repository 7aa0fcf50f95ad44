import { BiolensError } from '../../ground/errors.ts';
import { type Comparisons, type ScoreMeaning, similaritiesOf } from './comparisons.ts';
import { numberPersons } from './embeddings.ts';

const MOST_SCORES = 20_000_000;
const MOST_LINE = 4000;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

/** First columns of a file of two columns: marks of mated and of non-mated comparisons. */
const MARKS: Readonly<Record<string, 0 | 1>> = {
  '1': 1,
  '+1': 1,
  genuine: 1,
  mated: 1,
  '-1': 0,
  '0': 0,
  impostor: 0,
  'non-mated': 0,
};

/** Columns of a score file: the mark and the score; bob's claimed and true person, the probe's name, and the score, with the model's name or without it. */
export type ScoreColumns = 2 | 4 | 5;

/**
 * Reads scores that were made elsewhere: lines of two columns, a mark (`1`, `genuine` or `mated`, and `-1`, `0`, `impostor` or `non-mated`)
 * and a score; or of four, as bob writes them, claimed person, true person, name of the probe, score; or of five, with the name of the model
 * after the claimed person. Columns stand apart by blanks, tabs or commas; a line that begins with `#` is passed over.
 *
 * @param options.meaning whether larger scores are more alike: stated, since it cannot be told from the numbers
 * @throws BiolensError `input` naming the line
 */
export function parseScores(
  text: string,
  { source, meaning }: { readonly source: string; readonly meaning: ScoreMeaning },
): Comparisons & { readonly columns: ScoreColumns; readonly names: readonly string[] } {
  const refuse = (line: number, why: string): BiolensError =>
    new BiolensError('input', `${source}: line ${line}: ${why}`, { details: { file: source, line } });
  const rows: string[][] = [];
  let columns: number | null = null;
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    if (line.length > MOST_LINE) throw refuse(number, `longer than ${MOST_LINE} characters`);
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const parts = trimmed.split(trimmed.includes(',') ? /\s*,\s*/ : /\s+/);
    columns ??= parts.length;
    if (![2, 4, 5].includes(columns)) throw refuse(number, `expected 2, 4 or 5 columns, got ${columns}`);
    if (parts.length !== columns) throw refuse(number, `expected ${columns} columns, got ${parts.length}`);
    const score = parts.at(-1)!;
    if (!NUMBER.test(score) || !Number.isFinite(Number(score)))
      throw refuse(number, `expected a finite score, got "${score.slice(0, 40)}"`);
    if (columns === 2 && !Object.hasOwn(MARKS, parts[0]!.toLowerCase()))
      throw refuse(number, `expected 1 or -1, genuine or impostor, got "${parts[0]!.slice(0, 40)}"`);
    if (rows.length >= MOST_SCORES) throw refuse(number, `more than ${MOST_SCORES} scores`);
    rows.push(parts);
  }
  if (columns === null) throw new BiolensError('input', `${source}: no scores`, { details: { file: source } });
  const scores = similaritiesOf(
    rows.map(parts => Number(parts.at(-1))),
    meaning,
  );
  if (columns === 2) {
    const mated = Uint8Array.from(rows, ([mark = '']) => MARKS[mark.toLowerCase()]!);
    return { scores, mated, persons: null, people: 0, columns: 2, names: [] };
  }
  const real = columns === 4 ? 1 : 2;
  const { names, of } = numberPersons(rows.flatMap(parts => [parts[0]!, parts[real]!]));
  const reference = Uint32Array.from(rows, (_, i) => of[2 * i]!);
  const probe = Uint32Array.from(rows, (_, i) => of[2 * i + 1]!);
  return {
    scores,
    mated: Uint8Array.from(rows, (_, i) => (reference[i] === probe[i] ? 1 : 0)),
    persons: { reference, probe },
    people: names.length,
    columns: columns === 4 ? 4 : 5,
    names,
  };
}

/** Lines of a text, one at a time, so that a long file is not held twice. */
function* linesOf(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf('\n', start);
    yield end < 0 ? text.slice(start) : text.slice(start, end);
    start = end < 0 ? text.length : end + 1;
  }
}
