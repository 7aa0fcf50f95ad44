import { useDeferredValue, useMemo, useState } from 'react';
import { usePrinting } from './use-printing.ts';

export interface ItemViewOptions<Item, Query> {
  /** The query that the page opens with. */
  readonly first: Query;
  /** The items that a query asks for, in its order. Must not change between renders. */
  readonly select: (items: readonly Item[], query: Query) => readonly Item[];
}

export interface ItemView<Item, Query> {
  /** What the fields say now. */
  readonly query: Query;
  readonly setQuery: (query: Query) => void;
  /** The query that `shown` answers: while one types, it is behind `query`. */
  readonly asked: Query;
  readonly shown: readonly Item[];
  /** Position in `shown` of the item that is shown large; null where none is. */
  readonly opened: number | null;
  readonly open: (index: number) => void;
  readonly close: () => void;
  readonly printing: boolean;
}

/** The items of a table that are left by its filters, and which of them is opened. */
export function useItemView<Item, Query>(
  items: readonly Item[],
  { first, select }: ItemViewOptions<Item, Query>,
): ItemView<Item, Query> {
  const [query, setQuery] = useState<Query>(first);
  const asked = useDeferredValue(query);
  const shown = useMemo(() => select(items, asked), [items, select, asked]);
  const [opened, open] = useState<number | null>(null);
  const printing = usePrinting();
  return { query, setQuery, asked, shown, opened, open, close: () => open(null), printing };
}
