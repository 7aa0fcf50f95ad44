import type { Pair } from '../../src/ground/contracts/audit.ts';
import { comparing, type Sort, turnSort } from '../components/sort.ts';

export type PairColumn = keyof Pair;

export interface PairQuery {
  /** Part of a file name of either side; upper and lower case are the same. */
  readonly text: string;
  readonly onlyCopies: boolean;
  /** Similarity from `low` to `high`, both included; null leaves that end open. */
  readonly low: number | null;
  readonly high: number | null;
  readonly sort: Sort<PairColumn>;
}

export const FIRST_QUERY: PairQuery = {
  text: '',
  onlyCopies: false,
  low: null,
  high: null,
  sort: { column: 'similarity', descending: true },
};

export const isFiltered = (query: PairQuery): boolean =>
  query.text !== '' || query.onlyCopies || query.low !== null || query.high !== null;

/** Pairs that a query asks for, in its order. Missing p- and q-values come last either way; ties keep the given order. */
export function selectPairs(pairs: readonly Pair[], query: PairQuery): readonly Pair[] {
  const wanted = query.text.trim().toLowerCase();
  const kept = pairs.filter(
    pair =>
      (!query.onlyCopies || pair.copy) &&
      (query.low === null || pair.similarity >= query.low) &&
      (query.high === null || pair.similarity <= query.high) &&
      (wanted === '' || pair.generated.toLowerCase().includes(wanted) || pair.training.toLowerCase().includes(wanted)),
  );
  const { column, descending } = query.sort;
  return kept.sort(comparing(pair => pair[column], descending));
}

/** The order that a press on a column's heading asks for; the pairs most like copies are the telling end. */
export const nextSort = (sort: PairQuery['sort'], column: PairColumn): PairQuery['sort'] =>
  turnSort(sort, column, { descendingFirst: column === 'similarity' || column === 'copy' });
