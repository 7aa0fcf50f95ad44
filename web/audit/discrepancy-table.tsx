import type { ReactNode } from 'react';
import type { AttributeBias, Discrepancy } from '../../src/ground/contracts/audit.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Noted } from '../components/noted.tsx';

interface Measure {
  readonly id: keyof Discrepancy;
  readonly name: string;
  readonly meaning: string;
}

const MEASURES: readonly Measure[] = [
  { id: 'totalVariation', name: 'Total variation', meaning: 'Share of images that would have to change class.' },
  { id: 'parityGap', name: 'Parity gap', meaning: 'The class most above its reference less the one most below.' },
  { id: 'fairnessDiscrepancy', name: 'Fairness discrepancy', meaning: 'Length of the difference between the shares.' },
  { id: 'jensenShannon', name: 'Jensen-Shannon', meaning: 'Distance that no empty class makes infinite; 0 to 0.83.' },
  {
    id: 'kl',
    name: 'Kullback-Leibler',
    meaning: 'Information lost when the reference stands in for the distribution.',
  },
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
  const column = (set: keyof AttributeBias['discrepancy'], header: string): Column<Measure> =>
    metricColumn({ id: set, header, kind: 'number', withoutN: true, metricOf: ({ id }) => discrepancy[set][id] });
  return (
    <Folded summary="How far apart the mixes are">
      <DataTable
        caption={`Distances between mixes of ${title}`}
        rows={MEASURES}
        keyOf={measure => measure.id}
        columns={[
          {
            id: 'measure',
            header: 'Measure',
            cell: ({ name, meaning }) => <Noted note={meaning}>{name}</Noted>,
          },
          column('training', 'Training from target'),
          column('generated', 'Generated from target'),
          column('between', 'Generated from training'),
        ]}
      />
    </Folded>
  );
}
