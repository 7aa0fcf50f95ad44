import { type ReactNode, useEffect } from 'react';
import type { Finding } from '../../src/contracts/audit.ts';
import type { MitigationReport, MitigationRound, MitigationSide } from '../../src/contracts/mitigation.ts';
import type { ReportPage } from '../../src/contracts/report.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { LevelMark } from '../components/level-mark.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatMeasured, formatNumber, formatP, formatTime, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

export const MITIGATION_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'sides', title: 'Before and after' },
  { id: 'rounds', title: 'Rounds' },
  { id: 'method', title: 'Method' },
];

const STOPS: Readonly<Record<MitigationReport['stoppedBy'], string>> = {
  targets: 'all targets held',
  quality: 'the pictures became worse than allowed',
  rounds: 'the rounds ended',
};

/** The report of a mitigation: a model before and after it was tuned with rewards. */
export function MitigationPage({
  page,
  report,
}: {
  readonly page: ReportPage;
  readonly report: MitigationReport;
}): ReactNode {
  const title = `A face generator before and after mending, on ${formatCount(report.after.samples.n)} samples of each`;
  useEffect(() => {
    document.title = `${title} · biolens`;
  }, [title]);
  return (
    <>
      <section id="overview" className="section overview" aria-labelledby="overview-title">
        <p className="kicker">Mitigation · {formatTime(page.run.provenance.startedAt)}</p>
        <h1 id="overview-title">{title}</h1>
        <p>
          {plural(report.rounds.length - 1, 'round')} of tuning; the loop stopped because {STOPS[report.stoppedBy]}, and
          the model of round {report.chosen} was kept.
        </p>
        <h2>Verdict</h2>
        <ul className="verdict">
          {report.verdict.map(finding => (
            <FindingItem key={finding.subject} finding={finding} />
          ))}
        </ul>
      </section>
      <Section id="sides" title="Before and after">
        <DataTable
          caption="Measured on fresh samples of both models"
          columns={sideColumns(report)}
          rows={sideRows(report.before)}
          keyOf={({ name }) => name}
        />
      </Section>
      <Section
        id="rounds"
        title="Rounds"
        lead="Each round samples the model, measures it, and tunes it on the samples."
      >
        <DataTable
          caption="What each round measured"
          captionHidden
          columns={ROUND_COLUMNS}
          rows={report.rounds}
          keyOf={({ index }) => String(index)}
        />
      </Section>
      <Section id="method" title="Method">
        <DataTable
          caption="Settings"
          captionHidden
          columns={[
            { id: 'name', header: 'Setting', cell: ([name]) => name },
            {
              id: 'value',
              header: 'Value',
              cell: ([, value]) => (typeof value === 'number' ? formatNumber(value) : visibleText(String(value))),
            },
          ]}
          rows={Object.entries(report.settings)}
          keyOf={([name]) => name}
        />
      </Section>
    </>
  );
}

function FindingItem({ finding }: { readonly finding: Finding }): ReactNode {
  return (
    <li className={`finding finding-${finding.level}`}>
      <div className="finding-head">
        <LevelMark level={finding.level} />
        <span className="finding-subject">{visibleText(finding.subject)}</span>
      </div>
      <div>
        <p className="finding-headline">{visibleText(finding.headline)}</p>
        <p className="finding-certainty">{visibleText(finding.certainty)}</p>
      </div>
    </li>
  );
}

interface SideRow {
  readonly name: string;
  readonly of: (side: MitigationSide) => ReactNode;
}

function sideRows(before: MitigationSide): SideRow[] {
  return [
    { name: 'Copies', of: ({ replication }) => <MetricValue metric={replication.copied} kind="share" /> },
    {
      name: 'Similarity to the nearest training image, mean',
      of: ({ replication }) => <MetricValue metric={replication.top1.generated.mean} kind="similarity" />,
    },
    { name: 'Relabelling test, p', of: ({ replication }) => formatP(replication.permutation.p) },
    ...Object.entries(before.bias.attributes).flatMap(([attribute, { classes }]) =>
      classes.map(
        (name): SideRow => ({
          name: visibleText(`${attribute}: ${name}`),
          of: ({ bias }) => {
            const found = bias.attributes[attribute];
            const metric = (found?.corrected?.generated ?? found?.generated)?.[name];
            return metric === undefined ? '–' : <MetricValue metric={metric} kind="share" />;
          },
        }),
      ),
    ),
    { name: 'Fréchet distance', of: ({ quality }) => <MetricValue metric={quality.fid} kind="number" /> },
    { name: 'Kernel distance', of: ({ quality }) => <MetricValue metric={quality.kid} kind="number" /> },
  ];
}

function sideColumns({ before, after, comparison }: MitigationReport): Column<SideRow>[] {
  const column = (id: string, side: MitigationSide): Column<SideRow> => ({
    id,
    header: id,
    numeric: true,
    cell: ({ of }) => of(side),
  });
  return [
    { id: 'name', header: 'Measure', cell: ({ name }) => name },
    column('before', before),
    column('after', after),
    ...comparison.map(({ method, side }) => column(method, side)),
  ];
}

const ROUND_COLUMNS: readonly Column<MitigationRound>[] = [
  { id: 'round', header: 'Round', cell: ({ index }) => index },
  {
    id: 'copies',
    header: 'Copies',
    numeric: true,
    cell: ({ replication }) => <MetricValue metric={replication.copied} kind="share" withoutN />,
  },
  {
    id: 'shares',
    header: 'Shares',
    cell: ({ shares }) =>
      Object.entries(shares).map(([attribute, { reported, corrected }]) => (
        <div key={attribute}>
          {Object.entries(corrected ?? reported).map(([name, metric]) => (
            <span key={name}>
              {visibleText(name)} <MetricValue metric={metric} kind="share" withoutN />{' '}
            </span>
          ))}
        </div>
      )),
  },
  {
    id: 'fid',
    header: 'Fréchet distance',
    numeric: true,
    cell: ({ quality }) => <MetricValue metric={quality.fid} kind="number" withoutN />,
  },
  { id: 'reward', header: 'Mean reward', numeric: true, cell: ({ reward }) => formatMeasured(reward.mean) },
  {
    id: 'loss',
    header: 'Loss',
    numeric: true,
    cell: ({ tuning }) => (tuning === null ? '–' : formatMeasured(tuning.loss.last)),
  },
];
