import type { ReactNode } from 'react';
import type { AttributeBias } from '../../src/ground/contracts/audit.ts';
import { DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

export interface ConfusionTableProps {
  readonly classes: readonly string[];
  readonly corrected: NonNullable<AttributeBias['corrected']>;
}

/** How often the classifier says what of whom; the correction is made from this. */
export function ConfusionTable({ classes, corrected }: ConfusionTableProps): ReactNode {
  const rows = classes.map((name, predicted) => ({ name, predicted }));
  return (
    <Folded summary="The classifier’s errors">
      <DataTable
        caption="Share of each true class (columns) that the classifier calls what (rows)"
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          { id: 'predicted', header: 'Classifier says', cell: ({ name }) => visibleText(name) },
          ...classes.map((truth, column) => ({
            id: `true-${column}`,
            header: visibleText(truth),
            numeric: true,
            cell: ({ predicted }: { readonly predicted: number }) => {
              const share = corrected.confusion[predicted]?.[column];
              return share === undefined ? '–' : formatShare(share);
            },
          })),
        ]}
      />
    </Folded>
  );
}
