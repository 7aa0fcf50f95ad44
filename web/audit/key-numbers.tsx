import type { ReactNode } from 'react';
import type { AuditReport, Replication } from '../../src/ground/contracts/audit.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { MetricValue } from '../components/metric-value.tsx';
import { formatCount, formatPEquals, type NumberKind } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';

/** The few numbers that the verdict rests on. */
export function KeyNumbers({ report }: { readonly report: AuditReport }): ReactNode {
  const { replication, bias, quality } = report;
  return (
    <>
      <h2>Key numbers</h2>
      <dl className="key-numbers">
        <KeyMetric label="Generated faces called copies" metric={replication.copied} kind="share" />
        <KeyPermutation permutation={replication.permutation} />
        <KeyMetric
          label="Generated faces above the match threshold"
          metric={replication.aboveThreshold.generated}
          kind="share"
        />
        {Object.entries(bias.attributes).map(([name, { amplification }]) => (
          <KeyMetric
            key={name}
            label={`Skew of ${wordsOf(name)} against that of the training set`}
            metric={amplification}
            kind="factor"
          />
        ))}
        <KeyMetric label="Training faces that have duplicates" metric={replication.duplicates.share} kind="share" />
        <KeyMetric label="Fréchet distance, lower is closer" metric={quality.fid} kind="number" />
      </dl>
    </>
  );
}

function KeyMetric(props: { readonly label: string; readonly metric: Metric; readonly kind: NumberKind }): ReactNode {
  return (
    <div>
      <dt>{props.label}</dt>
      <dd>
        <MetricValue metric={props.metric} kind={props.kind} size="large" />
      </dd>
    </div>
  );
}

function KeyPermutation({ permutation }: { readonly permutation: Replication['permutation'] }): ReactNode {
  const { p, permutations, reason } = permutation;
  return (
    <div>
      <dt>Chance of being this close without copying</dt>
      <dd>
        {p === null ? (
          <span className="metric large missing">
            <span className="metric-value">not computed</span>
            <span className="metric-detail">{visibleText(reason ?? 'no reason was recorded')}</span>
          </span>
        ) : (
          <span className="metric large">
            <span className="metric-value">{formatPEquals(p)}</span>
            <span className="metric-detail">{formatCount(permutations)} relabellings</span>
          </span>
        )}
      </dd>
    </div>
  );
}
