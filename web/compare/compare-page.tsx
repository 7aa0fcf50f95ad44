import { type ReactNode, useState } from 'react';
import type { RunComparison } from '../../src/ground/contracts/comparison.ts';
import type { Client } from '../client/client.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { LevelMark } from '../components/level-mark.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { compareAddress, runAddress } from '../new-run/address.ts';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatDuration, formatTime, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { CompareImages } from './compare-images.tsx';
import { headlineSentence, letterOf } from './compare-view.ts';
import { MetricsTable } from './metrics-table.tsx';

export interface ComparePageProps {
  readonly client: Client;
  readonly comparison: RunComparison;
}

/** Runs of one kind side by side. */
export function ComparePage({ client, comparison }: ComparePageProps): ReactNode {
  const { runs, noun, cautions, metrics, equalMetrics, configuration, digests } = comparison;
  usePageTitle('Compare runs');
  return (
    <>
      <section className="section" aria-labelledby="compare-title">
        <p className="kicker">Comparison</p>
        <h1 id="compare-title">{plural(runs.length, visibleText(noun))} side by side</h1>
        {runs.slice(1).map((run, i) => (
          <p key={run.id} className="lead">
            {headlineSentence(comparison, i + 1)}
          </p>
        ))}
        {cautions.map(caution => (
          <p key={caution} className="callout">
            {visibleText(caution)}
          </p>
        ))}
        <RunsTable comparison={comparison} />
      </section>
      <Section
        id="metrics"
        title="Metrics"
        lead="Differences are those of a later run less A, shares in points, with the 95 % interval of each by itself. A difference is marked where it is real at a false discovery rate of 5 % over all in this table."
      >
        <MetricsTable metrics={metrics} runs={runs.length} />
        {equalMetrics > 0 && <p className="note">{plural(equalMetrics, 'metric')} equal in all runs.</p>}
      </Section>
      <Section id="settings" title="Settings that differ">
        {configuration.length === 0 ? (
          <p className="note">All settings are the same.</p>
        ) : (
          <DataTable
            caption="Settings that differ"
            captionHidden
            rows={configuration}
            keyOf={({ path }) => path}
            columns={[
              { id: 'path', header: 'Setting', cell: ({ path }) => <code>{visibleText(path)}</code> },
              ...runColumns(comparison, ({ values }: { readonly values: readonly (string | null)[] }, run) => {
                const value = values[run] ?? null;
                return value === null ? (
                  'not set'
                ) : (
                  <code className="setting-value">{visibleText(value.slice(0, 2000))}</code>
                );
              }),
            ]}
          />
        )}
      </Section>
      {digests.length > 0 && (
        <Section
          id="data"
          title="Data and models"
          lead="Equal digests (SHA-256) say that the runs read the same bytes."
        >
          <DataTable
            caption="Data and models"
            captionHidden
            rows={digests}
            keyOf={({ role }) => role}
            columns={[
              { id: 'role', header: 'Read as', cell: ({ role }) => visibleText(role) },
              { id: 'same', header: 'Compared', cell: ({ values }) => sameness(values) },
              ...runColumns(comparison, ({ values }: { readonly values: readonly (string | null)[] }, run) => (
                <code>{visibleText(values[run]?.slice(0, 12) ?? '–')}</code>
              )),
            ]}
          />
        </Section>
      )}
      <CompareImages client={client} comparison={comparison} />
    </>
  );
}

function sameness(values: readonly (string | null)[]): string {
  if (values.includes(null)) return 'not known';
  return new Set(values).size === 1 ? 'the same' : 'different';
}

/** A column for each run. */
function runColumns<Row>({ runs }: RunComparison, cell: (row: Row, run: number) => ReactNode): Column<Row>[] {
  return runs.map(({ id }, run) => ({ id, header: letterOf(run), cell: (row: Row) => cell(row, run) }));
}

function RunsTable({ comparison: { runs } }: { readonly comparison: RunComparison }): ReactNode {
  const [said, setSaid] = useState('');
  const ids = runs.map(({ id }) => id);
  return (
    <>
      <DataTable
        caption="Runs that are compared"
        captionHidden
        rows={runs.map((run, i) => ({ ...run, letter: letterOf(i), first: i === 0 }))}
        keyOf={({ id }) => id}
        columns={[
          {
            id: 'run',
            header: 'Run',
            cell: ({ id, title, letter }) => (
              <>
                <strong>{letter}</strong> <a href={runAddress(id)}>{visibleText(title)}</a>
                <code className="row-note">{visibleText(id)}</code>
              </>
            ),
          },
          {
            id: 'headline',
            header: 'Result',
            cell: ({ headline }) =>
              headline === null ? (
                '–'
              ) : (
                <>
                  <span className="row-label">{capitalised(visibleText(headline.label))}</span>
                  <MetricValue metric={headline.metric} kind={headline.unit} />
                </>
              ),
          },
          {
            id: 'level',
            header: 'Verdict',
            cell: ({ headline }) =>
              headline === null || headline.level === 'unknown' ? '–' : <LevelMark level={headline.level} />,
          },
          {
            id: 'began',
            header: 'Began',
            cell: ({ startedAt, seconds }) => (
              <>
                {formatTime(startedAt)}
                {seconds !== null && <span className="row-note">took {formatDuration(seconds * 1000)}</span>}
              </>
            ),
          },
          {
            id: 'first',
            header: 'Order',
            cell: ({ id, letter, first }) =>
              first ? (
                'first'
              ) : (
                <a href={compareAddress([id, ...ids.filter(other => other !== id)])}>Make {letter} the first</a>
              ),
          },
        ]}
      />
      <p className="note command-line">
        <code>biolens runs compare {ids.join(' ')}</code>{' '}
        <button
          type="button"
          className="link-button"
          onClick={() => {
            void navigator.clipboard.writeText(`biolens runs compare ${ids.join(' ')}`).then(
              () => setSaid('Copied.'),
              () => setSaid('The browser did not allow that.'),
            );
          }}
        >
          Copy
        </button>{' '}
        <span role="status">{said}</span>
      </p>
    </>
  );
}
