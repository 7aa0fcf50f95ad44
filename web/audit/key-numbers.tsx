import type { ReactNode } from 'react';
import type { AuditReport, Replication } from '../../src/ground/contracts/audit.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { type Fact, Facts } from '../components/facts.tsx';
import { MetricValue, MissingValue, WrittenValue } from '../components/metric-value.tsx';
import { formatCount, formatPEquals, type NumberKind } from '../text/format.ts';
import { wordsOf } from '../text/words.ts';

/** The few numbers that the verdict rests on. */
export function KeyNumbers({ report }: { readonly report: AuditReport }): ReactNode {
  const { replication, bias, quality } = report;
  return (
    <>
      <h2>Key numbers</h2>
      <Facts
        look="key-numbers"
        items={[
          measured('Generated faces called copies', replication.copied, 'share'),
          {
            term: 'Chance of being this close without copying',
            value: <Chance permutation={replication.permutation} />,
          },
          measured('Generated faces above the match threshold', replication.aboveThreshold.generated, 'share'),
          ...Object.entries(bias.attributes).map(([name, { amplification }]) => ({
            ...measured(`Skew of ${wordsOf(name)} against that of the training set`, amplification, 'factor'),
            id: `skew-${name}`,
          })),
          measured('Training faces that have duplicates', replication.duplicates.share, 'share'),
          measured('Fréchet distance, lower is closer', quality.fid, 'number'),
        ]}
      />
    </>
  );
}

const measured = (term: string, metric: Metric, kind: NumberKind): Fact => ({
  term,
  value: <MetricValue metric={metric} kind={kind} size="large" />,
});

function Chance({ permutation }: { readonly permutation: Replication['permutation'] }): ReactNode {
  const { p, permutations, reason } = permutation;
  if (p === null) return <MissingValue reason={reason} size="large" />;
  return <WrittenValue value={formatPEquals(p)} detail={`${formatCount(permutations)} relabellings`} size="large" />;
}
