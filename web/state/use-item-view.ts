import { useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useOpened } from './use-opened.ts';
import { usePrinting } from './use-printing.ts';

export interface ItemViewOptions<Item, Query> {
  /** What one item is called in the address of the page. */
  readonly name: string;
  /** What names an item in the address, different for each. Must not change between renders. */
  readonly keyOf: (item: Item) => string;
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
  /** Opens an item that the filters may hide: then they are taken back. */
  readonly openItem: (item: Item) => void;
  readonly close: () => void;
  readonly printing: boolean;
}

/** The items of a table that are left by its filters, and which of them is opened. */
export function useItemView<Item, Query>(
  items: readonly Item[],
  { name, keyOf, first, select }: ItemViewOptions<Item, Query>,
): ItemView<Item, Query> {
  const [query, setQuery] = useState<Query>(first);
  const asked = useDeferredValue(query);
  const shown = useMemo(() => select(items, asked), [items, select, asked]);
  const keys = useMemo(() => shown.map(keyOf), [shown, keyOf]);
  const { opened, open, close } = useOpened(name, keys);
  const [wanted, setWanted] = useState<Item | null>(null);
  const openItem = useCallback(
    (item: Item): void => {
      if (!shown.includes(item)) setQuery(first);
      setWanted(item);
    },
    [shown, first],
  );
  useEffect(() => {
    // What was filtered away is there in a later render.
    const at = wanted === null ? -1 : shown.indexOf(wanted);
    if (at < 0) return;
    setWanted(null);
    open(at);
  }, [wanted, shown, open]);
  const printing = usePrinting();
  return { query, setQuery, asked, shown, opened, open, openItem, close, printing };
}
