import { BiolensError } from '../errors.ts';
import { checkWhole } from './check.ts';
import { chiSquareSurvival } from './distributions.ts';
import { type Alternative, DEFAULT_PERMUTATIONS } from './permutation-test.ts';
import type { RandomStream } from './random.ts';

/** Counts of items by group (rows) and class (columns). */
export type ContingencyTable = readonly (readonly number[])[];

/** Two groups, two classes. */
export type FourCounts = readonly [readonly [number, number], readonly [number, number]];

function checkTable(table: ContingencyTable): void {
  const width = table[0]?.length ?? 0;
  const whole = table.every(
    counts => counts.length === width && counts.every(count => Number.isSafeInteger(count) && count >= 0),
  );
  if (table.length < 2 || width < 1 || !whole)
    throw new BiolensError('usage', '"table" expected two or more rows of as many whole numbers from 0');
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const columnSums = (table: ContingencyTable): number[] =>
  (table[0] ?? []).map((_, c) => sum(table.map(counts => counts[c]!)));

/** Probabilities that differ by rounding alone count as equal, as in R. */
const EQUAL = 1 + 1e-7;

/**
 * Fisher's exact test of a 2 × 2 table: "both rows have one distribution", given all margins. Two-sided it sums the tables that
 * are no likelier than this one; `greater` those with a first cell at least as large.
 *
 * @returns p, 0 to 1; 1 where a margin is 0
 * @throws BiolensError `usage` unless the counts are whole numbers from 0
 */
export function fisherExact(
  table: FourCounts,
  { alternative = 'two-sided' }: { readonly alternative?: Alternative } = {},
): number {
  checkTable(table);
  const [[first, second], [third, fourth]] = table;
  const row = first + second;
  const column = first + third;
  const rest = fourth - first;
  const low = Math.max(0, -rest);
  const high = Math.min(row, column);
  // Likelihoods relative to the likeliest table, by their ratios: no factorial of a large number costs digits.
  const weights = new Float64Array(high - low + 1);
  const mode = Math.min(high, Math.max(low, Math.floor(((row + 1) * (column + 1)) / (row + third + fourth + 2))));
  weights[mode - low] = 1;
  for (let x = mode; x < high; x++)
    weights[x + 1 - low] = (weights[x - low]! * (row - x) * (column - x)) / ((x + 1) * (rest + x + 1));
  for (let x = mode; x > low; x--)
    weights[x - 1 - low] = (weights[x - low]! * x * (rest + x)) / ((row - x + 1) * (column - x + 1));
  const observed = weights[first - low]!;
  const reached: Readonly<Record<Alternative, (x: number) => boolean>> = {
    'two-sided': x => weights[x - low]! <= observed * EQUAL,
    greater: x => x >= first,
    less: x => x <= first,
  };
  let p = 0;
  let total = 0;
  for (let x = low; x <= high; x++) {
    total += weights[x - low]!;
    if (reached[alternative](x)) p += weights[x - low]!;
  }
  return Math.min(1, p / total);
}

/** Pearson's χ² of a table; classes that nobody is in do not count. @throws BiolensError `usage` for no table of counts */
export function chiSquareStatistic(table: ContingencyTable): number {
  checkTable(table);
  return statisticOf(table, { rows: table.map(sum), columns: columnSums(table) });
}

interface Margins {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

function statisticOf(table: ContingencyTable, { rows, columns }: Margins): number {
  const total = sum(rows);
  let statistic = 0;
  for (const [r, counts] of table.entries()) {
    for (const [c, count] of counts.entries()) {
      const expected = (rows[r]! * columns[c]!) / total;
      if (expected > 0) statistic += (count - expected) ** 2 / expected;
    }
  }
  return statistic;
}

export interface ChiSquareOptions {
  readonly stream: RandomStream;
  /** Random relabellings where they are needed; 9,999 by default. */
  readonly permutations?: number;
}

/**
 * Test that the rows of a table have one distribution over its classes, by shuffling the items' groups: right for small counts
 * too, where the χ² law is not. A permutation draws as many numbers as there are items outside of the most frequent class.
 *
 * @returns p = (1 + #{permuted χ² ≥ χ²})/(1 + permutations), so never 0
 * @throws BiolensError `usage` for no table of counts, or fewer than 1 permutation
 */
export function permutationChiSquare(table: ContingencyTable, options: ChiSquareOptions): number {
  checkTable(table);
  const { permutations = DEFAULT_PERMUTATIONS, stream } = options;
  checkWhole('permutations', permutations, 1);
  const margins: Margins = { rows: table.map(sum), columns: columnSums(table) };
  const draw = tableDrawer(margins, stream);
  // Equal tables can differ by rounding; they count as reached.
  const bound = statisticOf(table, margins) * (1 - 1e-12);
  let reached = 0;
  for (let permutation = 0; permutation < permutations; permutation++)
    if (statisticOf(draw(), margins) >= bound) reached++;
  return (1 + reached) / (1 + permutations);
}

/** Draws tables with the given margins as random groups make them; one table is reused for all. */
function tableDrawer({ rows, columns }: Margins, stream: RandomStream): () => ContingencyTable {
  const groups = new Int32Array(sum(rows));
  for (let r = 0, from = 0; r < rows.length; from += rows[r]!, r++) groups.fill(r, from, from + rows[r]!);
  const largest = columns.indexOf(Math.max(...columns));
  const table = rows.map(() => columns.map(() => 0));
  return () => {
    // All items start in the most frequent class, and those of the others are drawn from it.
    for (const [r, counts] of table.entries()) counts.fill(0)[largest] = rows[r]!;
    let next = 0;
    for (const [c, count] of columns.entries()) {
      if (c === largest) continue;
      for (const end = next + count; next < end; next++) {
        const at = next + stream.integer(groups.length - next);
        const group = groups[at]!;
        groups[at] = groups[next]!;
        groups[next] = group;
        table[group]![c]!++;
        table[group]![largest]!--;
      }
    }
    return table;
  };
}

export interface ChiSquareTest {
  readonly statistic: number;
  readonly degrees: number;
  readonly p: number;
  readonly method: 'chi-square' | 'permutation';
}

/** Below this expected count the χ² law is not trusted (Cochran, Biometrics 10, 1954). */
export const LEAST_EXPECTED = 5;

/**
 * Pearson's test of homogeneity: "all rows are samples of one distribution over the classes". By the χ² law where every expected
 * count is 5 or more, else by {@link permutationChiSquare}.
 *
 * @throws BiolensError `usage` for no table of counts, or a row without items
 */
export function chiSquareTest(table: ContingencyTable, options: ChiSquareOptions): ChiSquareTest {
  checkTable(table);
  const rows = table.map(sum);
  const columns = columnSums(table).filter(count => count > 0);
  const empty = rows.indexOf(0);
  if (empty >= 0) throw new BiolensError('usage', `"table" expected items in every row, got none in row ${empty}`);
  const statistic = chiSquareStatistic(table);
  const degrees = (rows.length - 1) * (columns.length - 1);
  if (degrees === 0) return { statistic, degrees, p: 1, method: 'chi-square' };
  if ((Math.min(...rows) * Math.min(...columns)) / sum(rows) >= LEAST_EXPECTED)
    return { statistic, degrees, p: chiSquareSurvival(statistic, degrees), method: 'chi-square' };
  return { statistic, degrees, p: permutationChiSquare(table, options), method: 'permutation' };
}
