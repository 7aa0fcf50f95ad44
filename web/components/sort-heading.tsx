import type { ReactNode } from 'react';
import type { Sort } from './sort.ts';

export interface SortHeadingProps<Column extends string> {
  readonly column: Column;
  readonly title: string;
  readonly sort: Sort<Column>;
  /** Called when the rows should be sorted by this column, or the other way round. */
  readonly onPress: (column: Column) => void;
  readonly hint?: string | undefined;
  readonly className?: string | undefined;
}

/** The heading of a column that rows can be sorted by: a button with a mark that says how they are sorted now. */
export function SortHeading<Column extends string>(props: SortHeadingProps<Column>): ReactNode {
  const { column, title, sort, onPress, hint, className } = props;
  const sorted = sort.column === column ? (sort.descending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={sorted} className={className}>
      <button type="button" className="sort-button" title={hint} onClick={() => onPress(column)}>
        {title}
        <span className={`sort-mark ${sorted}`} aria-hidden="true" />
      </button>
    </th>
  );
}
