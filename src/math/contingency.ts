import { BiolensError } from '../errors.ts';
import { logGamma } from './gamma.ts';
import { type RandomKey, RandomStream } from './random.ts';

/** Counts of items by group (rows) and class (columns). */
export type ContingencyTable = readonly (readonly number[])[];

function checkTable(table: ContingencyTable): void {
  const width = table[0]?.length ?? 0;
  const whole = table.every(
    counts => counts.length === width && counts.every(count => Number.isInteger(count) && count >= 0),
  );
  if (table.length < 2 || width < 2 || !whole) {
    throw new BiolensError('usage', '"table" expected two or more rows of two or more whole numbers from 0');
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const columnSums = (table: ContingencyTable): number[] =>
  (table[0] ?? []).map((_, c) => sum(table.map(counts => counts[c]!)));

/**
 * Fisher's exact test of a 2×2 table, two-sided: the probability, with all margins fixed, of a table no likelier than this one.
 *
 * @returns p, 0 to 1.
 * @throws {BiolensError} `usage` for a table of another size.
 */
export function fisherExact(table: ContingencyTable): number {
  checkTable(table);
  const [top, bottom] = table;
  if (table.length !== 2 || top?.length !== 2 || bottom === undefined)
    throw new BiolensError('usage', '"table" expected 2 rows of 2 counts');
  const [rowTotal, columnTotal, total] = [sum(top), top[0]! + bottom[0]!, sum(top) + sum(bottom)];
  const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  const logProbability = (count: number) =>
    logChoose(columnTotal, count) + logChoose(total - columnTotal, rowTotal - count) - logChoose(total, rowTotal);
  const observed = logProbability(top[0]!);
  let p = 0;
  for (let count = Math.max(0, rowTotal + columnTotal - total); count <= Math.min(rowTotal, columnTotal); count++) {
    const candidate = logProbability(count);
    // Tables of the same probability count whatever the rounding of their logarithms.
    if (candidate <= observed + 1e-7) p += Math.exp(candidate);
  }
  return Math.min(1, p);
}

/** Pearson's χ² of a table; classes that nobody is in do not count. */
export function chiSquareStatistic(table: ContingencyTable): number {
  checkTable(table);
  const columns = columnSums(table);
  const total = sum(columns);
  let statistic = 0;
  for (const counts of table) {
    const rowTotal = sum(counts);
    columns.forEach((columnTotal, c) => {
      const expected = (rowTotal * columnTotal) / total;
      if (expected > 0) statistic += (counts[c]! - expected) ** 2 / expected;
    });
  }
  return statistic;
}

/**
 * Test that the rows of a table have one distribution over its classes, by shuffling the items' groups: right for small counts
 * too, where the χ² law is not.
 *
 * @returns p = (1 + #{permuted χ² ≥ χ²})/(1 + permutations), so never 0.
 */
export function permutationChiSquare(
  table: ContingencyTable,
  options: { readonly permutations: number; readonly key: RandomKey },
): number {
  checkTable(table);
  const stream = new RandomStream(options.key);
  const columns = columnSums(table);
  const classes = Int32Array.from(columns.flatMap((count, c) => new Array<number>(count).fill(c)));
  const observed = chiSquareStatistic(table);
  let reached = 0;
  for (let permutation = 0; permutation < options.permutations; permutation++) {
    stream.shuffle(classes);
    let start = 0;
    const permuted = table.map(counts => {
      const end = start + sum(counts);
      const drawn = columns.map(() => 0);
      for (; start < end; start++) drawn[classes[start]!]!++;
      return drawn;
    });
    if (chiSquareStatistic(permuted) >= observed * (1 - 1e-12)) reached++;
  }
  return (1 + reached) / (1 + options.permutations);
}
