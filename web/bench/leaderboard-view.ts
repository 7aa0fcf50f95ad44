import { CATEGORIES } from '../../src/ground/contracts/bench-codes.ts';
import type { LeaderboardRow } from '../../src/ground/contracts/bench-compare.ts';
import { comparing, type Sort, type SortValue, turnSort } from '../components/sort.ts';
import { inTableOrder } from './table-order.ts';

export type LeaderboardShow = 'all' | 'own' | 'published';

/** A column is `overall`, `name`, `size`, or the code of a category. */
export const FIRST_SORT: Sort = { column: 'overall', descending: true };

/** Categories that any row has. */
export const categoriesOf = (rows: readonly LeaderboardRow[]): readonly string[] =>
  inTableOrder(
    rows.flatMap(row => Object.keys(row.byCategory)),
    CATEGORIES,
  );

function sortValue(row: LeaderboardRow, column: string): SortValue {
  if (column === 'name') return row.name;
  if (column === 'overall') return row.overall.value;
  if (column === 'size') return row.size;
  return row.byCategory[column]?.value ?? null;
}

/** Rows in the order asked for; those without the number come last either way, and ties keep the given order. */
export const sortRows = (rows: readonly LeaderboardRow[], { column, descending }: Sort): LeaderboardRow[] =>
  [...rows].sort(comparing(row => sortValue(row, column), descending));

/** The order that a press on a column's heading asks for; the largest number is the telling end. */
export const nextSort = (sort: Sort, column: string): Sort =>
  turnSort(sort, column, { descendingFirst: column !== 'name' });

/** Places by accuracy, 1 the best; equal ones share a place, and rows without a score have none. */
export function placesOf(rows: readonly LeaderboardRow[]): ReadonlyMap<string, number> {
  const scored = rows.filter(row => row.overall.value !== null);
  return new Map(
    scored.map(row => [
      row.name,
      1 + scored.filter(other => (other.overall.value ?? 0) > (row.overall.value ?? 0)).length,
    ]),
  );
}

/** Rows with those measured here before the published ones, each in the given order. */
export const ownFirst = (rows: readonly LeaderboardRow[]): readonly LeaderboardRow[] =>
  [...rows].sort((a, b) => Number(a.published) - Number(b.published));

/**
 * Rows that are ranked together, and those that are context alone. Published rows stand with own ones only where they are of the same
 * questions; without own rows they are all there is.
 */
export function groupRows(
  rows: readonly LeaderboardRow[],
  sameQuestions: boolean,
): { readonly main: readonly LeaderboardRow[]; readonly context: readonly LeaderboardRow[] } {
  const own = rows.filter(row => !row.published);
  if (sameQuestions || own.length === 0) return { main: rows, context: [] };
  return { main: own, context: rows.filter(row => row.published) };
}
