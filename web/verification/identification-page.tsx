import type { ReactNode } from 'react';
import type { IdentificationReport } from '../../src/ground/contracts/verification.ts';
import { DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatCount, formatShare, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { Ranks } from './ranks.tsx';

export const IDENTIFICATION_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'ranks', title: 'Identification' },
  { id: 'strangers', title: 'Strangers' },
  { id: 'method', title: 'Method' },
];

function titleOf({ ranks, gallery }: IdentificationReport): string {
  const first = ranks['1']?.value ?? null;
  const of = `in a gallery of ${plural(gallery.people, 'person', 'people')}`;
  return first === null ? `Identification ${of}` : `Rank 1 ${formatShare(first)} ${of}`;
}

/** The report of an identification. */
export function IdentificationPage({ report, run }: OfRun<IdentificationReport>): ReactNode {
  usePageTitle(titleOf(report));
  const { gallery, probes, dir, dirThresholds } = report;
  const rows = Object.entries(dir);
  return (
    <>
      <OverviewSection kind="Identification" run={run} title={titleOf(report)}>
        <p className="lead">
          {plural(gallery.templates, 'template')} of {plural(gallery.people, 'person', 'people')}, searched{' '}
          {formatCount(probes.mated)} times for people who are there and {formatCount(probes.nonMated)} times for others
          {report.embedder !== null && <>; embedder {visibleText(report.embedder)}</>}.
        </p>
        <h2>Verdict</h2>
        <Findings findings={report.verdict} />
      </OverviewSection>
      <Ranks ranks={report.ranks} cmc={report.cmc} lead="Searches for people who are in the gallery." />
      <Section
        id="strangers"
        title="Strangers"
        lead="The false positive identification rate is the share of searches for people outside the gallery that find anyone. It grows with the gallery, so a threshold holds for a gallery of this size alone."
      >
        <DataTable
          caption="Searches whose person is found first and above the threshold"
          rows={rows}
          keyOf={([fpir]) => fpir}
          columns={[
            { id: 'fpir', header: 'False positive identification rate', cell: ([fpir]) => formatShare(Number(fpir)) },
            {
              id: 'threshold',
              header: 'Threshold',
              numeric: true,
              cell: ([fpir]) => dirThresholds[fpir]?.toFixed(4) ?? '–',
            },
            metricColumn({
              id: 'dir',
              header: 'Found',
              kind: 'share',
              metricOf: ([, metric]: (typeof rows)[number]) => metric,
            }),
          ]}
        />
      </Section>
      <MethodSection
        run={run}
        skipped={report.skipped}
        lead="Intervals are at 95 % and resample people. A person with an equal score comes before the right one."
      >
        <Facts
          items={[
            { term: 'Gallery', value: <FileName name={gallery.source} whole /> },
            { term: 'Probes', value: <FileName name={probes.source} whole /> },
            {
              term: 'Failures to enrol',
              value: `${formatCount(gallery.failures)} of ${formatCount(gallery.images)} images`,
            },
            { term: 'Failures to acquire', value: formatCount(probes.failures) },
            {
              term: 'Centring',
              value: report.centring === null ? 'none' : <FileName name={report.centring.source} whole />,
            },
          ]}
        />
      </MethodSection>
    </>
  );
}
