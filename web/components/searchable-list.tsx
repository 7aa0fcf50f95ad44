import { type ReactNode, useDeferredValue, useMemo, useState } from 'react';
import { formatCount } from '../text/format.ts';
import { SearchField } from './fields.tsx';
import { ShowMore, type ShowMoreProps } from './show-more.tsx';

export interface SearchableListProps<Item> extends ShowMoreProps<Item> {
  /** What is done here, for people who do not see the field. */
  readonly label: string;
  /** What is looked through. */
  readonly field: string;
  /** All that is looked through of an item. Must not change between renders. */
  readonly textOf: (item: Item) => string;
}

/** A list that may be very long, with a field that narrows it to the items that hold a text. */
export function SearchableList<Item>(props: SearchableListProps<Item>): ReactNode {
  const { label, field, textOf, items, ...list } = props;
  const [text, setText] = useState('');
  const asked = useDeferredValue(text);
  const shown = useMemo(() => {
    const wanted = asked.trim().toLowerCase();
    return items.filter(item => textOf(item).toLowerCase().includes(wanted));
  }, [items, asked, textOf]);
  return (
    <>
      <search className="toolbar" aria-label={label}>
        <SearchField label={field} value={text} onChange={setText} />
        <output className="note" aria-live="polite">
          {formatCount(shown.length)} of {formatCount(items.length)}
        </output>
      </search>
      <ShowMore key={asked} items={shown} {...list} />
    </>
  );
}
