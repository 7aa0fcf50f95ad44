import type { ReactNode } from 'react';
import { TableFrame } from './table-frame.tsx';

export interface Column<Row> {
  readonly id: string;
  readonly header: ReactNode;
  /** Right-aligned figures. */
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

export interface DataTableProps<Row> {
  readonly caption: ReactNode;
  /** The first column names its row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The caption is for screen readers alone, where the heading above says the same. */
  readonly captionHidden?: boolean;
  /** How rows become blocks on narrow screens, by what the table holds; by default they stay rows, and scroll. */
  readonly layout?: 'measures' | 'runs';
}

/** A plain table with a caption and named rows; wide ones scroll sideways in their own frame. */
export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { caption, columns, rows, keyOf, captionHidden = false, layout } = props;
  return (
    <TableFrame label={typeof caption === 'string' ? caption : 'Table'}>
      <table className={layout === undefined ? 'data-table' : `data-table ${layout}-table`}>
        <caption className={captionHidden ? 'visually-hidden' : undefined}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column.id} scope="col" className={column.numeric ? 'numeric' : undefined}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={keyOf(row)}>
              {columns.map((column, i) =>
                i === 0 ? (
                  <th key={column.id} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} className={column.numeric ? 'numeric' : undefined}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
