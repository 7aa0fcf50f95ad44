import type { ReactNode } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { formatCount, formatP } from '../text/format.ts';

const PRINTED = 40;

/** What paper gets instead of the scrolling table: its first rows. */
export function PairPrintout({ pairs }: { readonly pairs: readonly Pair[] }): ReactNode {
  const first = pairs.slice(0, PRINTED);
  return (
    <DataTable
      caption={`The first ${formatCount(first.length)} of ${formatCount(pairs.length)} pairs`}
      rows={first}
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
