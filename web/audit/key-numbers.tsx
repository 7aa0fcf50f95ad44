import type { ReactNode } from 'react';
import type { AuditReport } from '../../src/contracts/audit.ts';
import type { Metric } from '../../src/contracts/metric.ts';
import { MetricValue } from '../components/metric-value.tsx';
import { formatCount, formatPEquals, type NumberKind } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

interface KeyNumber {
  readonly label: string;
  readonly metric: Metric;
  readonly kind: NumberKind;
}

/** The few numbers that the verdict rests on. */
export function KeyNumbers({ report }: { readonly report: AuditReport }): ReactNode {
  const { replication, bias, quality } = report;
  const numbers: readonly KeyNumber[] = [
    { label: 'Generated faces called copies', metric: replication.copied, kind: 'share' },
    { label: 'Generated above the match threshold', metric: replication.aboveThreshold.generated, kind: 'share' },
    ...Object.entries(bias.attributes).map(([name, { amplification }]) => ({
      label: `Skew of ${visibleText(name)}, as a multiple of training’s`,
      metric: amplification,
      kind: 'number' as const,
    })),
    { label: 'Training faces that have duplicates', metric: replication.duplicates.share, kind: 'share' },
    { label: 'Fréchet distance (lower is closer)', metric: quality.fid, kind: 'number' },
  ];
  const { permutation } = replication;
  return (
    <>
      <h2>Key numbers</h2>
      <dl className="key-numbers">
        {numbers.map(({ label, metric, kind }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <MetricValue metric={metric} kind={kind} size="large" />
            </dd>
          </div>
        ))}
        <div>
          <dt>Chance of this closeness without copying</dt>
          <dd>
            {permutation.p === null ? (
              <span className="metric large missing">
                <span className="metric-value">not computed</span>
                <span className="metric-detail">{visibleText(permutation.reason ?? 'no reason was recorded')}</span>
              </span>
            ) : (
              <span className="metric large">
                <span className="metric-value">{formatPEquals(permutation.p)}</span>
                <span className="metric-detail">{formatCount(permutation.permutations)} relabellings</span>
              </span>
            )}
          </dd>
        </div>
      </dl>
    </>
  );
}
