import { type ReactNode, useState } from 'react';
import { usePrinting } from '../state/use-printing.ts';
import { formatCount } from '../text/format.ts';

export interface ShowMoreProps<Item> {
  readonly items: readonly Item[];
  /** Items shown at first, and added by each press. */
  readonly step: number;
  /** What the items are called, in the plural. */
  readonly noun: string;
  readonly children: (items: readonly Item[]) => ReactNode;
}

/** The first items of a list that may be very long, and a button for more. */
export function ShowMore<Item>({ items, step, noun, children }: ShowMoreProps<Item>): ReactNode {
  const [count, setCount] = useState(step);
  const printing = usePrinting();
  const left = items.length - count;
  return (
    <>
      {children(items.slice(0, count))}
      {left > 0 &&
        (printing ? (
          <p className="note">
            {formatCount(left)} more {noun} are not printed.
          </p>
        ) : (
          <button type="button" className="button" onClick={() => setCount(count + step)}>
            Show {formatCount(Math.min(step, left))} more of {formatCount(left)} {noun}
          </button>
        ))}
    </>
  );
}
