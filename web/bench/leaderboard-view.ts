import { CATEGORIES } from '../../src/ground/contracts/bench-codes.ts';
import type { LeaderboardRow } from '../../src/ground/contracts/bench-compare.ts';

/** `overall`, `name`, `size`, or the code of a category. */
export interface LeaderboardSort {
  readonly column: string;
  readonly descending: boolean;
}

export type LeaderboardShow = 'all' | 'own' | 'published';

export const FIRST_SORT: LeaderboardSort = { column: 'overall', descending: true };

/** Categories that any row has: those of FaceXBench in the order of its tables, then others by name. */
export function categoriesOf(rows: readonly LeaderboardRow[]): readonly string[] {
  const present = new Set(rows.flatMap(row => Object.keys(row.byCategory)));
  const known = CATEGORIES.map(({ code }) => code).filter(code => present.has(code));
  const others = [...present].filter(code => !known.some(one => one === code)).sort();
  return [...known, ...others];
}

const collator = new Intl.Collator('en', { numeric: true });

function numberOf(row: LeaderboardRow, column: string): number | null {
  if (column === 'overall') return row.overall.value;
  if (column === 'size') return row.size;
  return row.byCategory[column]?.value ?? null;
}

/** Rows in the order asked for; those without the number come last either way, and ties keep the given order. */
export function sortRows(rows: readonly LeaderboardRow[], { column, descending }: LeaderboardSort): LeaderboardRow[] {
  const turn = descending ? -1 : 1;
  if (column === 'name') return [...rows].sort((a, b) => turn * collator.compare(a.name, b.name));
  return [...rows].sort((a, b) => {
    const [left, right] = [numberOf(a, column), numberOf(b, column)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return turn * (left - right);
  });
}

/** The order that a press on a column's heading asks for: its most telling end first, then turned round. */
export function nextLeaderboardSort(sort: LeaderboardSort, column: string): LeaderboardSort {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column !== 'name' };
}

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
