import { type KeyboardEvent, memo, type ReactNode } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { FileName } from '../components/file-name.tsx';
import { Picture } from '../components/picture.tsx';
import { formatCount, formatP } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { CopyCall } from './copy-call.tsx';

export interface PairRowProps {
  readonly pair: Pair;
  readonly index: number;
  /** Distance from the start of the rows in pixels. */
  readonly top: number;
  readonly height: number;
  readonly threshold: number | null;
  /** The row that can be tabbed to. */
  readonly active: boolean;
  readonly onActivate: (index: number) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onOpen: (index: number) => void;
}

/** One pair: both pictures next to each other, then the numbers. The button that opens it is as large as the row. */
export const PairRow = memo(function PairRow(props: PairRowProps): ReactNode {
  const { pair, index, top, height, threshold, active, onActivate, onKeyDown, onOpen } = props;
  return (
    <tr aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)`, height }}>
      <td className="column-generated">
        <button
          type="button"
          className="row-button"
          data-index={index}
          tabIndex={active ? 0 : -1}
          aria-label={`Open pair ${formatCount(index + 1)}`}
          title={`${visibleText(pair.generated).slice(0, 200)}\n${visibleText(pair.training).slice(0, 200)}`}
          onFocus={() => onActivate(index)}
          onKeyDown={onKeyDown}
          onClick={() => onOpen(index)}
        />
        <FileName name={pair.generated} />
        <Picture set="generated" file={pair.generated} size="small" />
      </td>
      <td className="column-training">
        <Picture set="training" file={pair.training} size="small" />
        <FileName name={pair.training} />
      </td>
      <td className="column-similarity numeric">
        {pair.similarity.toFixed(3)}
        <SimilarityBar similarity={pair.similarity} threshold={threshold} />
      </td>
      <td className="column-pValue numeric">{formatP(pair.pValue)}</td>
      <td className="column-qValue numeric">{formatP(pair.qValue)}</td>
      <td className="column-copy">
        <CopyCall copy={pair.copy} />
      </td>
    </tr>
  );
});

/** A bar from 0 to 1 with a tick at the threshold; the number beside it says the same. */
function SimilarityBar(props: { readonly similarity: number; readonly threshold: number | null }): ReactNode {
  const share = Math.min(Math.max(props.similarity, 0), 1);
  return (
    <svg
      className="similarity-bar"
      viewBox="0 0 64 8"
      width="64"
      height="8"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect className="track" x="0" y="2.5" width="64" height="3" />
      <rect className="fill" x="0" y="2.5" width={64 * share} height="3" />
      {props.threshold !== null && props.threshold >= 0 && props.threshold <= 1 && (
        <rect className="tick" x={64 * props.threshold - 0.5} y="0" width="1.5" height="8" />
      )}
    </svg>
  );
}
