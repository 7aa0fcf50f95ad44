/** The column that rows are sorted by, and which way. */
export interface Sort<Column extends string = string> {
  readonly column: Column;
  readonly descending: boolean;
}

/** What rows can be sorted by; null where a row has nothing to be sorted by. */
export type SortValue = string | number | boolean | null;

const collator = new Intl.Collator('en', { numeric: true });

/** Compares rows by one value, numbers in names as numbers. Rows without the value come last either way; ties keep their order. */
export function comparing<Row>(sortedBy: (row: Row) => SortValue, descending: boolean): (a: Row, b: Row) => number {
  const turn = descending ? -1 : 1;
  return (a, b) => {
    const [left, right] = [sortedBy(a), sortedBy(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === 'string' && typeof right === 'string') return turn * collator.compare(left, right);
    return turn * (Number(left) - Number(right));
  };
}

/** The order that a press on a column's heading asks for: its most telling end first, then turned round. */
export function turnSort<Column extends string>(
  sort: Sort<Column>,
  column: Column,
  { descendingFirst }: { readonly descendingFirst: boolean },
): Sort<Column> {
  return { column, descending: sort.column === column ? !sort.descending : descendingFirst };
}
