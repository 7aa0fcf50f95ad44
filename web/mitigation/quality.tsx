import type { ReactNode } from 'react';
import type { MitigationReport, MitigationSide } from '../../src/ground/contracts/mitigation.ts';
import { DataTable } from '../components/data-table.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Noted } from '../components/noted.tsx';
import { Section } from '../components/section.tsx';
import { SET_LABELS } from '../components/set-key.tsx';
import { formatMeasured, type NumberKind } from '../text/format.ts';
import { METHOD_NAMES, sidesOf } from './sides.ts';

interface Measure {
  readonly id: Exclude<keyof MitigationSide['quality'], 'reference'>;
  readonly name: string;
  readonly kind: NumberKind;
  readonly good: string;
}

const MEASURES: readonly Measure[] = [
  { id: 'fid', name: 'Fréchet distance (FID)', kind: 'number', good: 'low is good' },
  { id: 'kid', name: 'Kernel distance (KID)', kind: 'number', good: 'near 0 is good' },
  { id: 'precision', name: 'Precision', kind: 'share', good: 'realism, high is good' },
  { id: 'recall', name: 'Recall', kind: 'share', good: 'variety, high is good' },
  { id: 'coverage', name: 'Coverage', kind: 'share', good: 'high is good' },
  { id: 'vendi', name: 'Vendi score', kind: 'number', good: 'really different samples, high is good' },
];

/** What fine-tuning cost in quality, and what other ways to the same targets cost. */
export function Quality({ report }: { readonly report: MitigationReport }): ReactNode {
  const sides = sidesOf(report);
  const { reference } = report.after.quality;
  return (
    <Section
      id="quality"
      title="Quality, and other ways"
      lead={`Samples compared as a whole with the ${SET_LABELS[reference].toLowerCase()} images, in the embedding that the copies are looked for in.`}
    >
      <DataTable
        caption="Measures of quality and variety"
        captionHidden
        rows={MEASURES}
        keyOf={({ id }) => id}
        columns={[
          {
            id: 'name',
            header: 'Measure',
            cell: ({ name, good }) => <Noted note={good}>{name}</Noted>,
          },
          ...sides.map(({ id, title, side }) => ({
            id,
            header: title,
            numeric: true,
            cell: (measure: Measure) => <MetricValue metric={side.quality[measure.id]} kind={measure.kind} withoutN />,
          })),
        ]}
      />
      <OtherWays report={report} />
    </Section>
  );
}

function OtherWays({ report }: { readonly report: MitigationReport }): ReactNode {
  const { comparison } = report;
  if (comparison.length === 0) return null;
  return (
    <>
      <h3>Without touching the model</h3>
      <p className="lead">
        The same targets by choosing among samples of the old model, or by steering it while it samples. It pays for
        each sample what fine-tuning pays once.
      </p>
      <DataTable
        caption="What each way costs"
        captionHidden
        rows={comparison}
        keyOf={({ method }) => method}
        columns={[
          { id: 'method', header: 'Way', cell: ({ method }) => METHOD_NAMES[method] },
          metricColumn({
            id: 'accepted',
            header: 'Kept of those sampled',
            kind: 'share',
            metricOf: ({ accepted }: MitigationReport['comparison'][number]) => accepted,
          }),
          {
            id: 'seconds',
            header: 'Seconds a sample',
            numeric: true,
            cell: ({ secondsPerSample: { method, mended } }) => (
              <>
                {formatMeasured(method)}
                <span className="metric-detail">fine-tuned model: {formatMeasured(mended)}</span>
              </>
            ),
          },
          {
            id: 'goals',
            header: 'Targets met',
            numeric: true,
            cell: ({ side }) => `${side.goals.filter(({ holds }) => holds).length} of ${side.goals.length}`,
          },
        ]}
      />
    </>
  );
}
