import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { NumberKind } from '../text/format.ts';
import { DataTable } from './data-table.tsx';
import { MetricValue } from './metric-value.tsx';

export interface Measure {
  readonly id: string;
  readonly name: ReactNode;
  readonly value: Metric;
  readonly kind: NumberKind;
  readonly meaning: string;
  /** What a good value is. */
  readonly good: string;
}

export interface MeasureTableProps {
  readonly caption: string;
  readonly measures: readonly Measure[];
}

/** Measures with what they say, for readers who meet them for the first time. */
export function MeasureTable({ caption, measures }: MeasureTableProps): ReactNode {
  return (
    <DataTable
      caption={caption}
      captionHidden
      layout="measures"
      rows={measures}
      keyOf={measure => measure.id}
      columns={[
        { id: 'name', header: 'Measure', cell: measure => measure.name },
        {
          id: 'value',
          header: 'Value',
          numeric: true,
          cell: measure => <MetricValue metric={measure.value} kind={measure.kind} />,
        },
        {
          id: 'meaning',
          header: 'What it says',
          cell: measure => (
            <span className="meaning">
              {measure.meaning} <em>{measure.good}</em>
            </span>
          ),
        },
      ]}
    />
  );
}
