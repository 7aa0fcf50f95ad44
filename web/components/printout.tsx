import type { ReactNode } from 'react';
import { formatCount } from '../text/format.ts';
import { DataTable, type DataTableProps } from './data-table.tsx';

/** Rows that paper gets. */
const PRINTED = 40;

export interface PrintoutProps<Item> extends Pick<DataTableProps<Item>, 'columns' | 'keyOf'> {
  /** What one item is called. */
  readonly noun: string;
  readonly items: readonly Item[];
}

/** What paper gets instead of a scrolling table: its first rows. */
export function Printout<Item>({ noun, items, columns, keyOf }: PrintoutProps<Item>): ReactNode {
  const first = items.slice(0, PRINTED);
  const caption = `The first ${formatCount(first.length)} of ${formatCount(items.length)} ${noun}s`;
  return <DataTable caption={caption} rows={first} keyOf={keyOf} columns={columns} />;
}
