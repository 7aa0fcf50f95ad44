import type { ReactNode } from 'react';
import type { BinnedRuns } from '../../src/ground/contracts/report.ts';
import type { Client } from '../client/client.ts';
import { DataTable } from '../components/data-table.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { visibleText } from '../text/visible-text.ts';
import { ActionButton } from './action-button.tsx';

export interface BinPageProps {
  readonly client: Client;
  readonly runs: BinnedRuns;
  readonly onChange: () => void;
}

/** Runs that were deleted, and can be restored. */
export function BinPage({ client, runs, onChange }: BinPageProps): ReactNode {
  usePageTitle('Bin');
  return (
    <section className="section" aria-labelledby="bin-title">
      <h1 id="bin-title">Bin</h1>
      <p className="lead">
        {runs.length === 0
          ? 'The bin is empty.'
          : 'Deleted runs stay on the disk, in the folder .bin of the runs, until you remove them there.'}
      </p>
      {runs.length > 0 && (
        <DataTable
          caption="Deleted runs"
          captionHidden
          rows={runs}
          keyOf={({ name }) => name}
          columns={[
            {
              id: 'title',
              header: 'Run',
              cell: ({ title, name }) => (
                <>
                  {visibleText(title)}
                  <code className="row-note">{visibleText(name)}</code>
                </>
              ),
            },
            { id: 'kind', header: 'Kind', cell: ({ kind }) => visibleText(kind) },
            {
              id: 'restore',
              header: 'Restore',
              cell: ({ name, title }) => (
                <ActionButton
                  label="Restore"
                  name={`Restore ${visibleText(title)}, ${visibleText(name)}`}
                  doing="Restoring…"
                  act={() => client.restoreRun(name)}
                  onDone={onChange}
                />
              ),
            },
          ]}
        />
      )}
    </section>
  );
}
