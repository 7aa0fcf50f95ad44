import type { ReactNode } from 'react';
import type { AuditTextReport, TextReplication } from '../../src/ground/contracts/audit-text.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { type Fact, Facts } from '../components/facts.tsx';
import { Findings } from '../components/findings.tsx';
import { MetricValue, MissingValue, WrittenValue } from '../components/metric-value.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatBytes, formatCount, formatPEquals, type NumberKind, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

const lastOf = (path: string): string => visibleText(path.split('/').at(-1) ?? path);

/** The name of a model stands after the address of its server. */
export const titleOf = ({ sets, continuations }: AuditTextReport): string =>
  `${lastOf(continuations === null ? sets.generated.source : (sets.generated.source.split('#').at(-1) ?? ''))} against ${lastOf(sets.training.source)}`;

type Measures = TextReplication['generated'];
interface Row {
  readonly set: 'generated' | 'heldout';
  readonly measures: Measures;
}

const columns = ({ shortest, ngram }: AuditTextReport['settings']): readonly Column<Row>[] => {
  const of = (name: keyof Measures, kind: NumberKind) => ({
    numeric: true,
    cell: ({ measures }: Row) => <MetricValue metric={measures[name]} kind={kind} />,
  });
  return [
    { id: 'set', header: 'Texts', cell: ({ set }) => <SetKey set={set} /> },
    { id: 'covered', header: `In runs of ${shortest} characters or more`, ...of('covered', 'share') },
    { id: 'overlap', header: `${ngram}-word n-grams in the training texts`, ...of('overlap', 'share') },
    { id: 'longest', header: 'Longest run, mean', ...of('longest', 'number') },
    { id: 'with-run', header: 'With a run', ...of('withRun', 'share') },
  ];
};

const measured = (term: string, metric: Metric, kind: NumberKind): Fact => ({
  term,
  value: <MetricValue metric={metric} kind={kind} size="large" />,
});

/** What was compared, and what came out in plain words and few numbers. */
export function Overview({ report, run }: OfRun<AuditTextReport>): ReactNode {
  const { sets, replication, settings } = report;
  const { permutation, exact } = replication;
  const asked = report.continuations !== null;
  const rowsOf = (of: Pick<TextReplication, 'generated' | 'heldout'>): Row[] => [
    { set: 'generated', measures: of.generated },
    ...(of.heldout === null ? [] : [{ set: 'heldout' as const, measures: of.heldout }]),
  ];
  return (
    <OverviewSection kind="Audit of texts" run={run} title={titleOf(report)}>
      <p className="lead">
        {asked
          ? `${plural(sets.generated.documents, 'continuation')} of ${plural(sets.training.documents, 'document')}. `
          : `${plural(sets.generated.documents, 'generated text')} against ${plural(sets.training.documents, 'training document')} of ${formatBytes(sets.training.bytes)}. `}
        {settings.normalise.length > 0
          ? `Differences of ${settings.normalise.join(', ')} are looked past.`
          : 'Runs are equal byte by byte.'}
      </p>
      <h2>Verdict</h2>
      <Findings findings={report.verdict} />
      <h2>Key numbers</h2>
      <Facts
        look="key-numbers"
        items={[
          measured(asked ? 'Documents known by heart' : 'Generated texts called copies', replication.copied, 'share'),
          {
            term: asked ? 'Longest continuation, word for word' : 'Longest run that is no common phrase',
            value: (
              <WrittenValue
                value={plural(replication.pairs[0]?.similarity ?? 0, 'character')}
                detail={`copies are called from ${formatCount(replication.threshold)} on`}
                size="large"
              />
            ),
          },
          {
            term: 'Chance of runs this long without copying',
            value:
              permutation.p === null ? (
                <MissingValue reason={permutation.reason} size="large" />
              ) : (
                <WrittenValue
                  value={formatPEquals(permutation.p)}
                  detail={`${formatCount(permutation.permutations)} relabellings`}
                  size="large"
                />
              ),
          },
        ]}
      />
      {asked ? null : (
        <DataTable
          caption="What the texts share with the training texts"
          columns={columns(settings)}
          rows={rowsOf(replication)}
          keyOf={({ set }) => set}
        />
      )}
      {exact === null ? null : (
        <DataTable
          caption="The same, byte by byte"
          columns={columns(settings)}
          rows={rowsOf(exact)}
          keyOf={({ set }) => set}
        />
      )}
    </OverviewSection>
  );
}
