import type { ReactNode } from 'react';
import type { RunList as Runs } from '../../src/ground/contracts/report.ts';
import { DataTable } from '../components/data-table.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatTime } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { RunStatusMark } from './run-status-mark.tsx';

export interface RunListProps {
  readonly runs: Runs;
  /** Whether this studio starts runs. */
  readonly startable: boolean;
}

/** All runs of the studio's folder, newest first. */
export function RunList({ runs, startable }: RunListProps): ReactNode {
  usePageTitle('Runs');
  return (
    <section className="section" aria-labelledby="runs-title">
      <div className="title-line">
        <h1 id="runs-title">Runs</h1>
        {startable && (
          <a className="button primary" href="/new">
            New run
          </a>
        )}
      </div>
      {runs.length === 0 ? (
        <p className="lead">
          There are no runs here yet.{' '}
          {!startable && (
            <>
              Begin one with <code>biolens audit --train A --generated B</code> and load this page again.
            </>
          )}
        </p>
      ) : (
        <DataTable
          caption="Runs, newest first"
          captionHidden
          layout="runs"
          rows={runs}
          keyOf={run => run.id}
          columns={[
            {
              id: 'title',
              header: 'Run',
              cell: run => (
                <>
                  <a href={`/runs/${encodeURIComponent(run.id)}`}>{visibleText(run.title)}</a>
                  <code className="row-note">{visibleText(run.id)}</code>
                </>
              ),
            },
            { id: 'kind', header: 'Kind', cell: run => visibleText(run.kind) },
            { id: 'status', header: 'Status', cell: run => <RunStatusMark status={run.status} /> },
            {
              id: 'started',
              header: 'Began',
              cell: run => <time dateTime={run.startedAt}>{formatTime(run.startedAt)}</time>,
            },
          ]}
        />
      )}
    </section>
  );
}
