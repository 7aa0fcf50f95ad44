import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { useMediaQuery } from '../state/preferences.ts';
import { formatCount } from '../text/format.ts';
import { capitalised } from '../text/words.ts';
import type { Sort } from './sort.ts';
import { SortHeading } from './sort-heading.tsx';

export interface ItemColumn<Item, Id extends string = string> {
  /** Also names the column in the styles: `column-` and the id. */
  readonly id: Id;
  readonly title: string;
  readonly cell: (item: Item) => ReactNode;
  /** Right-aligned figures, or text that is cut where its line ends. */
  readonly look?: 'numeric' | 'one-line';
}

export interface ItemTableProps<Item, Id extends string> {
  /** What one item is called; with an s it names the table, and its layout in the styles. */
  readonly noun: string;
  readonly items: readonly Item[];
  readonly columns: readonly ItemColumn<Item, Id>[];
  /** Pixels of a row in a wide and in a narrow window. */
  readonly rowHeight: { readonly wide: number; readonly narrow: number };
  /** Opens the item with this position in `items`. */
  readonly onOpen: (index: number) => void;
  /** What a pointer that rests on a row is told. */
  readonly hintOf?: (item: Item) => string;
  /** Where the rows can be sorted: how they are, and what is called with the column whose heading was pressed. */
  readonly sorting?: { readonly sort: Sort<Id>; readonly onPress: (column: Id) => void };
}

/** A table of very many items, one row each, with rows as high as the window's width asks for. */
export function ItemTable<Item, Id extends string>(props: ItemTableProps<Item, Id>): ReactNode {
  const narrow = useMediaQuery('(max-width: 720px)');
  const height = narrow ? props.rowHeight.narrow : props.rowHeight.wide;
  return <ItemRows key={height} height={height} {...props} />;
}

/**
 * Only the rows in sight are in the page. One row can be tabbed to; the arrow keys, Page Up and Down, Home and End move it,
 * Enter opens it.
 */
function ItemRows<Item, Id extends string>(props: ItemTableProps<Item, Id> & { readonly height: number }): ReactNode {
  const { noun, items, columns, height, onOpen, hintOf, sorting } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  /** The row that is to have the focus once it is in the page. */
  const focusWanted = useRef<number | null>(null);
  const last = items.length - 1;
  const current = Math.min(active, Math.max(last, 0));

  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    overscan: 6,
    // The row that can be tabbed to stays in the page when it is scrolled out of sight.
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) =>
        [...new Set([...defaultRangeExtractor(range), ...(range.count > 0 ? [current] : [])])].sort((a, b) => a - b),
      [current],
    ),
  });

  useEffect(() => {
    // Scrolling draws rows anew too, before the row that is asked for.
    if (focusWanted.current !== current) return;
    const row = frame.current?.querySelector<HTMLElement>(`[data-index="${current}"]`);
    if (!row) return;
    focusWanted.current = null;
    row.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / height) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(target, 0), last);
    focusWanted.current = next;
    setActive(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  return (
    <div className={`item-frame ${noun}s-frame`} ref={frame}>
      <table className={`items ${noun}s`} aria-rowcount={items.length + 1} aria-label={capitalised(`${noun}s`)}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ id, title }) =>
              sorting === undefined ? (
                <th key={id} scope="col" className={`column-${id}`}>
                  {title}
                </th>
              ) : (
                <SortHeading key={id} column={id} title={title} className={`column-${id}`} {...sorting} />
              ),
            )}
          </tr>
        </thead>
        <tbody style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const item = items[index]!;
            return (
              <tr key={index} aria-rowindex={index + 2} style={{ transform: `translateY(${start}px)`, height }}>
                {columns.map(({ id, look, cell }, i) => (
                  <td key={id} className={look === undefined ? `column-${id}` : `column-${id} ${look}`}>
                    {/* As large as the row, which it opens. */}
                    {i === 0 && (
                      <button
                        type="button"
                        className="row-button"
                        data-index={index}
                        tabIndex={index === current ? 0 : -1}
                        aria-label={`Open ${noun} ${formatCount(index + 1)}`}
                        title={hintOf?.(item)}
                        onFocus={() => setActive(index)}
                        onKeyDown={onKeyDown}
                        onClick={() => onOpen(index)}
                      />
                    )}
                    {cell(item)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {items.length === 0 && <p className="note empty">No {noun} fits these filters.</p>}
    </div>
  );
}
