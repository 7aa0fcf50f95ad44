import type { Pair } from '../../src/ground/contracts/audit.ts';

export type PairColumn = keyof Pair;

export interface PairQuery {
  /** Part of a file name of either side; upper and lower case are the same. */
  readonly text: string;
  readonly onlyCopies: boolean;
  /** Similarity from `low` to `high`, both included; null leaves that end open. */
  readonly low: number | null;
  readonly high: number | null;
  readonly sort: { readonly column: PairColumn; readonly descending: boolean };
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

const collator = new Intl.Collator('en', { numeric: true });

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
  return kept.sort(comparePairs(query.sort));
}

function comparePairs({ column, descending }: PairQuery['sort']): (a: Pair, b: Pair) => number {
  const turn = descending ? -1 : 1;
  switch (column) {
    case 'generated':
    case 'training':
      return (a, b) => turn * collator.compare(a[column], b[column]);
    case 'copy':
      return (a, b) => turn * (Number(a.copy) - Number(b.copy));
    case 'similarity':
      return (a, b) => turn * (a.similarity - b.similarity);
    case 'pValue':
    case 'qValue':
      return (a, b) => {
        const left = a[column];
        const right = b[column];
        if (left === null || right === null) return Number(left === null) - Number(right === null);
        return turn * (left - right);
      };
  }
}

/** The order that a press on a column's heading asks for: its most telling end first, then turned round. */
export function nextSort(sort: PairQuery['sort'], column: PairColumn): PairQuery['sort'] {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column === 'similarity' || column === 'copy' };
}
