import type { ReactNode } from 'react';
import type { Pair, SetName } from '../../src/ground/contracts/audit.ts';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { ItemDialog } from '../components/item-dialog.tsx';
import { Picture } from '../components/picture.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatP } from '../text/format.ts';
import { CopyCall } from './copy-call.tsx';

export interface PairDialogProps {
  readonly pairs: readonly Pair[];
  readonly index: number;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/** One pair, large. */
export function PairDialog({ pairs, index, onMove, onClose }: PairDialogProps): ReactNode {
  const pair = pairs[index];
  if (pair === undefined) return null;
  return (
    <ItemDialog noun="pair" index={index} count={pairs.length} onMove={onMove} onClose={onClose}>
      <div className="pair-dialog-pictures">
        <Side set="generated" file={pair.generated} />
        <Side set="training" file={pair.training} />
      </div>
      <Facts
        look="facts"
        items={[
          { term: 'Similarity', value: pair.similarity.toFixed(4) },
          { term: 'p', value: formatP(pair.pValue) },
          { term: 'q', value: formatP(pair.qValue) },
          { term: 'Call', value: <CopyCall copy={pair.copy} /> },
        ]}
      />
    </ItemDialog>
  );
}

function Side({ set, file }: { readonly set: SetName; readonly file: string }): ReactNode {
  return (
    <figure>
      <figcaption>
        <SetKey set={set} />
        <FileName name={file} whole />
      </figcaption>
      <Picture set={set} file={file} size="large" />
    </figure>
  );
}
