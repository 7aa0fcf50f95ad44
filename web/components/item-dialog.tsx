import { type ReactNode, useEffect, useId, useRef } from 'react';
import { formatCount } from '../text/format.ts';
import { capitalised } from '../text/words.ts';

export interface ItemDialogProps {
  /** What one item is called; also names the dialog's layout in the styles. */
  readonly noun: string;
  /** Position of the item among `count`. */
  readonly index: number;
  readonly count: number;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
  /** Stands below the title. */
  readonly note?: ReactNode;
  readonly children: ReactNode;
}

/** One item of many, large. Left and right go to its neighbours, Escape closes; focus goes back to where it came from. */
export function ItemDialog({ noun, index, count, onMove, onClose, note, children }: ItemDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);

  const move = (by: number): void => {
    const target = index + by;
    if (target >= 0 && target < count) onMove(target);
  };
  const title = (
    <h2 id={titleId}>
      {capitalised(noun)}
      {count > 1 && ` ${formatCount(index + 1)} of ${formatCount(count)}`}
    </h2>
  );

  return (
    <dialog
      ref={dialog}
      className={`item-dialog ${noun}-dialog`}
      aria-labelledby={titleId}
      onClose={onClose}
      onKeyDown={event => {
        if (event.key === 'ArrowLeft') move(-1);
        if (event.key === 'ArrowRight') move(1);
      }}
      onClick={event => {
        if (event.target === event.currentTarget) dialog.current?.close();
      }}
    >
      <div className="item-dialog-body">
        <header>
          {note === undefined ? (
            title
          ) : (
            <div>
              {title}
              <p className="note">{note}</p>
            </div>
          )}
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        {children}
        {count > 1 && (
          <footer>
            <button type="button" className="button" disabled={index === 0} onClick={() => move(-1)}>
              Previous
            </button>
            <button type="button" className="button" disabled={index === count - 1} onClick={() => move(1)}>
              Next
            </button>
          </footer>
        )}
      </div>
    </dialog>
  );
}
