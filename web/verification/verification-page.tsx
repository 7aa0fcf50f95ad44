import type { ReactNode } from 'react';
import type { VerificationReport } from '../../src/ground/contracts/verification.ts';
import { DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { MetricValue, WrittenValue } from '../components/metric-value.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatCount, formatNumber, formatRate, formatShare, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { Curves } from './curves.tsx';
import { Groups } from './groups.tsx';
import { HardestPeople } from './hardest-people.tsx';
import { Ranks } from './ranks.tsx';

/** The parts of a report that are there. */
export function verificationSections(report: VerificationReport): readonly PageSection[] {
  return [
    { id: 'overview', title: 'Overview' },
    { id: 'rates', title: 'Error rates' },
    ...(report.identification === null ? [] : [{ id: 'ranks', title: 'Identification' }]),
    ...(report.groups === null ? [] : [{ id: 'groups', title: 'Groups' }]),
    ...(report.hardest.length === 0 && report.worst.nonMated.length === 0
      ? []
      : [{ id: 'hardest', title: 'Hardest people and pairs' }]),
    { id: 'method', title: 'Method' },
  ];
}

function titleOf({ eer, people }: VerificationReport): string {
  const of = people === 0 ? '' : ` among ${plural(people, 'person', 'people')}`;
  return eer.value === null ? `Verification${of}` : `Equal error rate ${formatShare(eer.value)}${of}`;
}

/** The report of a verification. */
export function VerificationPage({ report, run }: OfRun<VerificationReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Rates report={report} />
      {report.identification !== null && (
        <Ranks {...report.identification} lead="Every image searches for its person among all others." />
      )}
      {report.groups !== null && <Groups groups={report.groups} working={report.working} />}
      <HardestPeople report={report} />
      <Method report={report} run={run} />
    </>
  );
}

function Overview({ report, run }: OfRun<VerificationReport>): ReactNode {
  const { eer, tmr, pairs, people, failureToEnrol, embedder, protocol, centring, folds } = report;
  const measured = Object.entries(tmr).findLast(([, { value }]) => value !== null);
  const value = (metric: typeof eer) => <MetricValue metric={metric} kind="share" size="large" withoutN />;
  return (
    <OverviewSection kind="Verification" run={run} title={titleOf(report)}>
      <p className="lead">
        {capitalised(visibleText(protocol))}
        {embedder !== null && <>, embedder {visibleText(embedder)}</>}: {formatCount(pairs.genuine)} mated and{' '}
        {formatCount(pairs.impostor)} non-mated comparisons
        {people > 0 && <> of {plural(people, 'person', 'people')}</>}.
      </p>
      <h2>Verdict</h2>
      <Findings findings={report.verdict} />
      <h2>Key numbers</h2>
      <Facts
        look="key-numbers"
        items={[
          { term: 'Equal error rate', value: value(eer) },
          ...(measured === undefined
            ? []
            : [{ term: `True match rate at FMR ${measured[0]}`, value: value(measured[1]) }]),
          ...(folds === null
            ? []
            : [
                {
                  term: folds.folds.length === 1 ? 'Best accuracy' : 'Accuracy over folds',
                  value: value(folds.accuracy),
                },
              ]),
          ...(centring === null
            ? []
            : [{ term: 'Equal error rate without centring', value: value(centring.eerWithout) }]),
          ...(failureToEnrol.value === null ? [] : [{ term: 'Failure to enrol', value: value(failureToEnrol) }]),
        ]}
      />
    </OverviewSection>
  );
}

function Rates({ report }: { readonly report: VerificationReport }): ReactNode {
  const { points, tmr, frozen, discard } = report;
  return (
    <Section
      id="rates"
      title="Error rates"
      lead="A comparison matches at or above the threshold. The false match rate is of different people, the false non-match rate of one person with itself. A rate is called measured where it can be expected to show 30 false matches."
    >
      <Curves report={report} />
      <DataTable
        caption="Rates at thresholds that keep a false match rate"
        rows={points}
        keyOf={({ target }) => String(target)}
        columns={[
          { id: 'target', header: 'False match rate of', cell: ({ target }) => formatRate(target) },
          {
            id: 'threshold',
            header: 'Threshold',
            numeric: true,
            cell: ({ threshold }) => (threshold === null ? '–' : <WrittenValue value={threshold.toFixed(4)} />),
          },
          metricColumn({
            id: 'tmr',
            header: 'True match rate',
            kind: 'share',
            withoutN: true,
            metricOf: ({ target }: (typeof points)[number]) => tmr[String(target)],
          }),
          ...(points.some(({ far }) => far !== undefined)
            ? [
                metricColumn({
                  id: 'far',
                  header: 'False accepts',
                  kind: 'share' as const,
                  withoutN: true,
                  metricOf: ({ far }: (typeof points)[number]) => far,
                }),
                metricColumn({
                  id: 'frr',
                  header: 'False rejects',
                  kind: 'share' as const,
                  withoutN: true,
                  metricOf: ({ frr }: (typeof points)[number]) => frr,
                }),
              ]
            : []),
        ]}
      />
      {frozen !== null && (
        <DataTable
          caption="Thresholds of another run, applied as they are"
          rows={frozen.points}
          keyOf={({ target, threshold }) => `${target}-${threshold}`}
          columns={[
            {
              id: 'for',
              header: 'Chosen for',
              cell: ({ target }) => (target === null ? 'equal errors' : `FMR ${target}`),
            },
            { id: 'threshold', header: 'Threshold', numeric: true, cell: ({ threshold }) => formatNumber(threshold) },
            metricColumn({
              id: 'fmr',
              header: 'False match rate',
              kind: 'share',
              withoutN: true,
              metricOf: ({ fmr }: (typeof frozen.points)[number]) => fmr,
            }),
            metricColumn({
              id: 'fnmr',
              header: 'False non-match rate',
              kind: 'share',
              withoutN: true,
              metricOf: ({ fnmr }: (typeof frozen.points)[number]) => fnmr,
            }),
          ]}
        />
      )}
      {discard !== null && (
        <DataTable
          caption={`False non-match rate once pairs of low quality (${visibleText(discard.quality)}) are discarded`}
          rows={discard.points}
          keyOf={({ discarded }) => String(discarded)}
          columns={[
            { id: 'discarded', header: 'Discarded', cell: ({ discarded }) => formatShare(discarded) },
            { id: 'fnmr', header: 'False non-match rate', numeric: true, cell: ({ fnmr }) => formatShare(fnmr) },
          ]}
        />
      )}
    </Section>
  );
}

function Method({ report, run }: OfRun<VerificationReport>): ReactNode {
  const { centring, working, folds } = report;
  return (
    <MethodSection
      run={run}
      skipped={report.skipped}
      lead="Words and counts are those of ISO/IEC 19795-1. Intervals are at 95 % and resample people, not pairs: comparisons that share a person are not independent. The equal error rate is that of FVC2000."
    >
      <Facts
        items={[
          { term: 'Source', value: <FileName name={report.source} whole /> },
          {
            term: 'Centring',
            value:
              centring === null ? (
                'none'
              ) : (
                <>
                  mean of {formatCount(centring.n)} embeddings of <FileName name={centring.source} whole />
                </>
              ),
          },
          {
            term: 'Working threshold',
            value:
              working.threshold === null
                ? 'none'
                : `${working.threshold.toFixed(4)}${working.target === null ? '' : `, for a false match rate of ${working.target}`}`,
          },
          ...(folds === null
            ? []
            : [
                {
                  term: 'Pairs that could not be compared',
                  value: `${formatCount(folds.failedPairs)}; they count as no match`,
                },
              ]),
        ]}
      />
    </MethodSection>
  );
}
