import type { ReactNode } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { FileName } from '../components/file-name.tsx';
import { type ItemColumn, ItemTable } from '../components/item-table.tsx';
import { Picture } from '../components/picture.tsx';
import { formatP } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { CopyCall } from './copy-call.tsx';
import type { PairColumn, PairQuery } from './pair-view.ts';

export interface PairsTableProps {
  readonly pairs: readonly Pair[];
  readonly threshold: number | null;
  readonly sort: PairQuery['sort'];
  /** Called with the column whose heading was pressed. */
  readonly onSort: (column: PairColumn) => void;
  /** Opens the pair with this position in `pairs`. */
  readonly onOpen: (index: number) => void;
}

const ROW_HEIGHT = { wide: 84, narrow: 92 };
/** Characters of a name that the hint of a row holds. */
const HINT = 200;

/** All pairs, one row each: both images next to each other, then the numbers. */
export function PairsTable({ pairs, threshold, sort, onSort, onOpen }: PairsTableProps): ReactNode {
  return (
    <ItemTable
      noun="pair"
      items={pairs}
      columns={columnsOf(threshold)}
      rowHeight={ROW_HEIGHT}
      hintOf={({ generated, training }) =>
        [generated, training].map(name => visibleText(name).slice(0, HINT)).join('\n')
      }
      sorting={{ sort, onPress: onSort }}
      onOpen={onOpen}
    />
  );
}

const columnsOf = (threshold: number | null): readonly ItemColumn<Pair, PairColumn>[] => [
  {
    id: 'generated',
    title: 'Generated',
    cell: ({ generated }) => (
      <>
        <FileName name={generated} />
        <Picture set="generated" file={generated} size="small" />
      </>
    ),
  },
  {
    id: 'training',
    title: 'Nearest training',
    cell: ({ training }) => (
      <>
        <Picture set="training" file={training} size="small" />
        <FileName name={training} />
      </>
    ),
  },
  {
    id: 'similarity',
    title: 'Similarity',
    look: 'numeric',
    cell: ({ similarity }) => (
      <>
        {similarity.toFixed(3)}
        <SimilarityBar similarity={similarity} threshold={threshold} />
      </>
    ),
  },
  { id: 'pValue', title: 'p', look: 'numeric', cell: ({ pValue }) => formatP(pValue) },
  { id: 'qValue', title: 'q', look: 'numeric', cell: ({ qValue }) => formatP(qValue) },
  { id: 'copy', title: 'Call', cell: ({ copy }) => <CopyCall copy={copy} /> },
];

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
