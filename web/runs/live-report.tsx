import { type ReactNode, useEffect, useState } from 'react';
import type { ReportPage } from '../../src/ground/contracts/report.ts';
import type { Client } from '../client/client.ts';
import { ReportFrame } from '../report-frame.tsx';
import { ActionButton } from './action-button.tsx';

/** Milliseconds between two looks. */
const AGAIN_MS = 1000;

export interface LiveReportProps {
  readonly client: Client;
  readonly page: ReportPage;
  /** Whether the studio has the run's job, and may work on it. */
  readonly startable: boolean;
  readonly trail: ReactNode;
  /** Called when the run has ended, and its page should be loaded again. */
  readonly onChange: () => void;
}

/** A run that works and says how far it is: its report as it grows. */
export function LiveReport({ client, page: first, startable, trail, onChange }: LiveReportProps): ReactNode {
  const [page, setPage] = useState(first);
  const [stoppable, setStoppable] = useState(false);
  const { id } = first.run;

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let ended = false;
    const look = async (): Promise<void> => {
      // A studio that does not answer for once is asked again.
      const next = await client.loadPage(id).catch(() => null);
      if (ended) return;
      if (next !== null && next.run.status !== 'running') {
        onChange();
        return;
      }
      // Between two writings there is none for a moment.
      if (next !== null && next.report !== null) setPage(next);
      timer = setTimeout(() => void look(), AGAIN_MS);
    };
    timer = setTimeout(() => void look(), AGAIN_MS);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [client, id, onChange]);

  useEffect(() => {
    if (!startable) return;
    return client.followWork(id, {
      onNews: ({ state }) => setStoppable(state === 'running'),
      onNone: () => setStoppable(false),
    });
  }, [client, id, startable]);

  const { report } = page;
  if (report === null) return null;
  return (
    <>
      {stoppable && (
        <aside className="run-notice" aria-label="This run is at work">
          <ActionButton label="Stop" doing="Stopping…" act={() => client.stopRun(id)} onDone={onChange} />
        </aside>
      )}
      <ReportFrame client={client} page={page} report={report} trail={trail} />
    </>
  );
}
