import type { ReactNode } from 'react';
import type { AttributeBias, Discrepancy } from '../../src/ground/contracts/audit.ts';
import { DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';

interface Measure {
  readonly id: keyof Discrepancy;
  readonly name: string;
  readonly meaning: string;
}

const MEASURES: readonly Measure[] = [
  { id: 'totalVariation', name: 'Total variation', meaning: 'Share of pictures that would have to change class.' },
  { id: 'parityGap', name: 'Parity gap', meaning: 'The class most above its reference less the one most below.' },
  { id: 'fairnessDiscrepancy', name: 'Fairness discrepancy', meaning: 'Length of the difference between the shares.' },
  { id: 'jensenShannon', name: 'Jensen-Shannon', meaning: 'Distance that no empty class makes infinite; 0 to 0.83.' },
  { id: 'kl', name: 'Kullback-Leibler', meaning: 'Information lost when the reference stands in for the mix.' },
  { id: 'chiSquare', name: 'χ² distance', meaning: 'Weighs differences in rare classes more.' },
  {
    id: 'normalisedEntropy',
    name: 'Normalised entropy',
    meaning: '1 when all classes are as frequent; not a distance.',
  },
];

/** Distances between mixes; 0 says the same, except for the entropy. */
export function DiscrepancyTable({
  title,
  discrepancy,
}: {
  readonly title: string;
  readonly discrepancy: AttributeBias['discrepancy'];
}): ReactNode {
  const column = (set: keyof AttributeBias['discrepancy'], header: string) => ({
    id: set,
    header,
    numeric: true,
    cell: (measure: Measure) => <MetricValue metric={discrepancy[set][measure.id]} kind="number" withoutN />,
  });
  return (
    <details className="alternative">
      <summary>How far apart the mixes are</summary>
      <DataTable
        caption={`Distances between mixes of ${title}`}
        rows={MEASURES}
        keyOf={measure => measure.id}
        columns={[
          {
            id: 'measure',
            header: 'Measure',
            cell: measure => (
              <>
                {measure.name} <span className="row-note">{measure.meaning}</span>
              </>
            ),
          },
          column('training', 'Training from target'),
          column('generated', 'Generated from target'),
          column('between', 'Generated from training'),
        ]}
      />
    </details>
  );
}
