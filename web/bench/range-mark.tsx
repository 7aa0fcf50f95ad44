import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';

const WIDTH = 120;

export interface RangeMarkProps {
  /** A share of 0 to 1. */
  readonly metric: Metric;
  readonly tone: 'own' | 'published';
}

/** A share as a dot on a line from 0 to 1 with its interval; the numbers beside it say the same. */
export function RangeMark({ metric: { value, interval }, tone }: RangeMarkProps): ReactNode {
  if (value === null) return null;
  const x = (share: number): number => 4 + (WIDTH - 8) * Math.min(Math.max(share, 0), 1);
  return (
    <svg className={`range-mark ${tone}`} viewBox={`0 0 ${WIDTH} 16`} width={WIDTH} height="16" aria-hidden="true">
      <line className="track" x1={x(0)} x2={x(1)} y1="8" y2="8" />
      <line className="track" x1={x(0.5)} x2={x(0.5)} y1="5" y2="11" />
      {interval !== null && <line className="whisker" x1={x(interval.low)} x2={x(interval.high)} y1="8" y2="8" />}
      <circle cx={x(value)} cy="8" r="4" />
    </svg>
  );
}
