import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { formatAs, formatCount, formatInterval, type NumberKind } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

export interface MetricValueProps {
  readonly metric: Metric;
  readonly kind: NumberKind;
  /** `large` for the key numbers, `cell` for tables. */
  readonly size?: 'large' | 'cell';
  /** Leaves the number of observations out, where a table says it elsewhere. */
  readonly withoutN?: boolean;
}

/** A measured number with its interval and what it rests on; one that is missing says why and shows no number. */
export function MetricValue({ metric, kind, size = 'cell', withoutN = false }: MetricValueProps): ReactNode {
  const { value, n, interval, reason } = metric;
  if (value === null) {
    return (
      <span className={`metric ${size} missing`}>
        <span className="metric-value">not computed</span>
        <span className="metric-detail">{visibleText(reason ?? 'no reason was recorded')}</span>
      </span>
    );
  }
  const range = interval === null ? null : formatInterval(kind, interval);
  const count = withoutN ? null : `n\u00a0=\u00a0${formatCount(n)}`;
  return (
    <span className={`metric ${size}`}>
      <span className="metric-value">{formatAs(kind, value)}</span>
      <span className="metric-detail" title={interval === null ? undefined : `Interval: ${interval.method}`}>
        {range !== null && <span>{count === null ? range : `${range},`}</span>} {count !== null && <span>{count}</span>}
      </span>
    </span>
  );
}
