import { type ReactNode, useEffect, useId, useRef } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { FileName } from '../components/file-name.tsx';
import { Picture } from '../components/picture.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatCount, formatP } from '../text/format.ts';
import { CopyCall } from './copy-call.tsx';

export interface PairDialogProps {
  readonly pairs: readonly Pair[];
  readonly index: number;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/** One pair, large. Left and right go to its neighbours, Escape closes; focus goes back to where it came from. */
export function PairDialog({ pairs, index, onMove, onClose }: PairDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);

  const pair = pairs[index];
  if (pair === undefined) return null;
  const move = (by: number): void => {
    if (pairs[index + by] !== undefined) onMove(index + by);
  };

  return (
    <dialog
      ref={dialog}
      className="pair-dialog"
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
      <div className="pair-dialog-body">
        <header>
          <h2 id={titleId}>
            Pair {formatCount(index + 1)} of {formatCount(pairs.length)}
          </h2>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        <div className="pair-dialog-pictures">
          <figure>
            <figcaption>
              <SetKey set="generated" />
              <FileName name={pair.generated} whole />
            </figcaption>
            <Picture set="generated" file={pair.generated} size="large" />
          </figure>
          <figure>
            <figcaption>
              <SetKey set="training" />
              <FileName name={pair.training} whole />
            </figcaption>
            <Picture set="training" file={pair.training} size="large" />
          </figure>
        </div>
        <dl className="facts">
          <div>
            <dt>Similarity</dt>
            <dd>{pair.similarity.toFixed(4)}</dd>
          </div>
          <div>
            <dt>p</dt>
            <dd>{formatP(pair.pValue)}</dd>
          </div>
          <div>
            <dt>q</dt>
            <dd>{formatP(pair.qValue)}</dd>
          </div>
          <div>
            <dt>Call</dt>
            <dd>
              <CopyCall copy={pair.copy} />
            </dd>
          </div>
        </dl>
        <footer>
          <button type="button" className="button" disabled={index === 0} onClick={() => move(-1)}>
            Previous
          </button>
          <button type="button" className="button" disabled={index === pairs.length - 1} onClick={() => move(1)}>
            Next
          </button>
        </footer>
      </div>
    </dialog>
  );
}
