import { type ReactNode, useCallback, useMemo } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { BarKey } from '../components/bar-key.tsx';
import { Chart } from '../components/chart.tsx';
import { DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { describeShares, drawShareBars, type ShareGroup, type ShareSeries } from '../components/share-bars.ts';
import { formatPEquals, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { testName, wordsOf } from '../text/words.ts';
import { attributesOf, sharesOf, sidesOf, trainingSharesOf } from './sides.ts';

/** Who the generator draws, before and after, beside the training set and the target. */
export function Shares({ report }: { readonly report: MitigationReport }): ReactNode {
  const attributes = attributesOf(report);
  return (
    <Section
      id="shares"
      title="Mix of people"
      lead="Shares as the classifier says, with its measured errors removed where they are known. Lines are intervals; the dashed line is the target."
    >
      {attributes.length === 0 ? (
        <p className="note">No attribute was measured.</p>
      ) : (
        attributes.map(name => <Attribute key={name} name={name} report={report} />)
      )}
    </Section>
  );
}

interface Mix {
  readonly series: readonly ShareSeries[];
  readonly groups: readonly ShareGroup[];
}

function mixOf(report: MitigationReport, name: string): Mix {
  const sides = sidesOf(report);
  const bias = report.before.bias.attributes[name];
  const training = trainingSharesOf(report.before, name);
  const target = report.targets.bias[name] ?? bias?.target ?? {};
  return {
    series: [{ id: 'training', title: 'Training', style: 'training' }, ...sides],
    groups: (bias?.classes ?? []).map(label => ({
      label,
      target: target[label] ?? null,
      shares: [training[label], ...sides.map(({ side }) => sharesOf(side, name)[label])],
    })),
  };
}

function Attribute({ name, report }: { readonly name: string; readonly report: MitigationReport }): ReactNode {
  const mix = useMemo(() => mixOf(report, name), [report, name]);
  const draw = useCallback((width: number) => drawShareBars(mix, width), [mix]);
  const title = wordsOf(name);
  const after = report.after.bias.attributes[name];
  const p = after?.amplification.p ?? null;
  return (
    <article className="attribute" aria-label={title}>
      <h3 className="attribute-title">{title}</h3>
      {after !== undefined && p !== null && (
        <p className="sentence">
          After tuning, samples and training images {p <= 0.05 ? 'have different mixes' : 'cannot be told apart by mix'}{' '}
          ({formatPEquals(p)}, {testName(after.amplification.test)}).
        </p>
      )}
      <figure className="figure">
        <BarKey series={mix.series} />
        <Chart label={`Bars of the shares of ${title}. ${describeShares(mix.series, mix.groups)}.`} draw={draw} />
        <figcaption>
          Labels of the samples: {visibleText(after?.source.generated ?? 'none')}; of the training set:{' '}
          {visibleText(after?.source.training ?? 'none')}.
        </figcaption>
        <details className="alternative">
          <summary>The chart as a table</summary>
          <DataTable
            caption={`Shares of ${title}`}
            rows={mix.groups}
            keyOf={({ label }) => label}
            columns={[
              { id: 'class', header: 'Class', cell: ({ label }) => visibleText(label) },
              ...mix.series.map((series, k) => ({
                id: series.id,
                header: series.title,
                numeric: true,
                cell: ({ shares }: ShareGroup) => {
                  const metric = shares[k];
                  return metric === undefined ? '–' : <MetricValue metric={metric} kind="share" />;
                },
              })),
              {
                id: 'target',
                header: 'Target',
                numeric: true,
                cell: ({ target }) => (target === null ? '–' : formatShare(target)),
              },
            ]}
          />
        </details>
      </figure>
    </article>
  );
}
