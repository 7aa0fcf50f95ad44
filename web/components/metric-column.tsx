import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { NumberKind } from '../text/format.ts';
import type { Column } from './data-table.tsx';
import { MetricValue } from './metric-value.tsx';

export interface MetricColumnOptions<Row> {
  readonly id: string;
  readonly header: ReactNode;
  readonly kind: NumberKind;
  /** Leaves the number of observations out. */
  readonly withoutN?: boolean;
  /** Undefined where nothing of the kind was measured. */
  readonly metricOf: (row: Row) => Metric | undefined;
}

/** A column of measured numbers with their intervals. */
export function metricColumn<Row>(options: MetricColumnOptions<Row>): Column<Row> {
  const { id, header, kind, withoutN = false, metricOf } = options;
  return {
    id,
    header,
    numeric: true,
    cell: row => {
      const metric = metricOf(row);
      return metric === undefined ? '–' : <MetricValue metric={metric} kind={kind} withoutN={withoutN} />;
    },
  };
}
