import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { useMediaQuery } from '../state/preferences.ts';
import { PairRow } from './pair-row.tsx';
import { nextSort, type PairColumn, type PairQuery } from './pair-view.ts';

export interface PairsTableProps {
  readonly pairs: readonly Pair[];
  readonly threshold: number | null;
  readonly sort: PairQuery['sort'];
  readonly onSort: (sort: PairQuery['sort']) => void;
  /** Opens the pair with this position in `pairs`. */
  readonly onOpen: (index: number) => void;
}

const COLUMNS: readonly { readonly id: PairColumn; readonly title: string }[] = [
  { id: 'generated', title: 'Generated' },
  { id: 'training', title: 'Nearest training' },
  { id: 'similarity', title: 'Similarity' },
  { id: 'pValue', title: 'p' },
  { id: 'qValue', title: 'q' },
  { id: 'copy', title: 'Call' },
];

const WIDE_ROW = 84;
const NARROW_ROW = 92;

/** All pairs, one row each, with rows as high as the window's width asks for. */
export function PairsTable(props: PairsTableProps): ReactNode {
  const narrow = useMediaQuery('(max-width: 720px)');
  const rowHeight = narrow ? NARROW_ROW : WIDE_ROW;
  return <PairsGrid key={rowHeight} rowHeight={rowHeight} {...props} />;
}

/**
 * Only the rows in sight are in the page. One row can be tabbed to; the arrow keys, Page Up and Down, Home and End move it,
 * Enter opens it.
 */
function PairsGrid(props: PairsTableProps & { readonly rowHeight: number }): ReactNode {
  const { pairs, threshold, sort, onSort, onOpen, rowHeight } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const focusWanted = useRef(false);
  const last = pairs.length - 1;
  const current = Math.min(active, Math.max(last, 0));

  const virtualizer = useVirtualizer({
    count: pairs.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    // The row that can be tabbed to stays in the page when it is scrolled out of sight.
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) =>
        [...new Set([...defaultRangeExtractor(range), ...(range.count > 0 ? [current] : [])])].sort((a, b) => a - b),
      [current],
    ),
  });

  useEffect(() => {
    if (!focusWanted.current) return;
    focusWanted.current = false;
    frame.current?.querySelector<HTMLElement>(`[data-index="${current}"]`)?.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / rowHeight) - 1);
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
    focusWanted.current = true;
    setActive(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  return (
    <div className="pairs-frame" ref={frame}>
      <table className="pairs" aria-rowcount={pairs.length + 1} aria-label="Pairs">
        <thead>
          <tr aria-rowindex={1}>
            {COLUMNS.map(({ id, title }) => (
              <PairHeading key={id} title={title} column={id} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => (
            <PairRow
              key={index}
              pair={pairs[index]!}
              index={index}
              top={start}
              height={rowHeight}
              threshold={threshold}
              active={index === current}
              onActivate={setActive}
              onKeyDown={onKeyDown}
              onOpen={onOpen}
            />
          ))}
        </tbody>
      </table>
      {pairs.length === 0 && <p className="note empty">No pair fits these filters.</p>}
    </div>
  );
}

interface PairHeadingProps {
  readonly title: string;
  readonly column: PairColumn;
  readonly sort: PairQuery['sort'];
  readonly onSort: (sort: PairQuery['sort']) => void;
}

function PairHeading({ title, column, sort, onSort }: PairHeadingProps): ReactNode {
  const sorted = sort.column === column ? (sort.descending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={sorted} className={`column-${column}`}>
      <button type="button" onClick={() => onSort(nextSort(sort, column))}>
        {title}
        <span className={`sort-mark ${sorted}`} aria-hidden="true" />
      </button>
    </th>
  );
}
