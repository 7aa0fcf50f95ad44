import type { ReactNode } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { FileName } from '../components/file-name.tsx';
import { Printout } from '../components/printout.tsx';
import { formatP } from '../text/format.ts';

/** What paper gets of the pairs. */
export function PairPrintout({ pairs }: { readonly pairs: readonly Pair[] }): ReactNode {
  return (
    <Printout
      noun="pair"
      items={pairs}
      keyOf={pair => pair.generated}
      columns={[
        { id: 'generated', header: 'Generated', cell: pair => <FileName name={pair.generated} whole /> },
        { id: 'training', header: 'Training', cell: pair => <FileName name={pair.training} whole /> },
        { id: 'similarity', header: 'Similarity', numeric: true, cell: pair => pair.similarity.toFixed(3) },
        { id: 'q', header: 'q', numeric: true, cell: pair => formatP(pair.qValue) },
        { id: 'copy', header: 'Call', cell: pair => (pair.copy ? 'copy' : '–') },
      ]}
    />
  );
}
