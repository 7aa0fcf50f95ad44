import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { formatAs, formatCount, formatInterval, type NumberKind } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

/** `large` for the key numbers, `cell` for tables. */
type Size = 'large' | 'cell';

export interface MetricValueProps {
  readonly metric: Metric;
  readonly kind: NumberKind;
  readonly size?: Size;
  /** Leaves the number of observations out, where a table says it elsewhere. */
  readonly withoutN?: boolean;
}

/** A measured number with its interval and what it rests on; one that is missing says why and shows no number. */
export function MetricValue({ metric, kind, size = 'cell', withoutN = false }: MetricValueProps): ReactNode {
  const { value, n, interval, reason } = metric;
  if (value === null) return <MissingValue reason={reason} size={size} />;
  const range = interval === null ? null : formatInterval(kind, interval);
  const count = withoutN ? null : countText(n);
  return (
    <span className={`metric ${size}`}>
      <span className="metric-value">{formatAs(kind, value)}</span>
      <span className="metric-detail" title={interval === null ? undefined : `Interval: ${interval.method}`}>
        {range !== null && <span>{count === null ? range : `${range},`}</span>} {count !== null && <span>{count}</span>}
      </span>
    </span>
  );
}

/** A number that could not be computed, and why. */
export function MissingValue({
  reason,
  size = 'cell',
}: {
  readonly reason: string | undefined;
  readonly size?: Size;
}): ReactNode {
  return (
    <span className={`metric ${size} missing`}>
      <span className="metric-value">not computed</span>
      <span className="metric-detail">{visibleText(reason ?? 'no reason was recorded')}</span>
    </span>
  );
}

export interface WrittenValueProps {
  /** The number as it is written. */
  readonly value: string;
  /** What it rests on. */
  readonly detail?: string | null;
  readonly size?: Size;
}

/** A number that is written in a way of its own. */
export function WrittenValue({ value, detail = null, size = 'cell' }: WrittenValueProps): ReactNode {
  return (
    <span className={`metric ${size}`}>
      <span className="metric-value">{value}</span>
      {detail !== null && <span className="metric-detail">{detail}</span>}
    </span>
  );
}

/** How many observations a number rests on. */
export const countText = (n: number): string => `n\u00a0=\u00a0${formatCount(n)}`;
