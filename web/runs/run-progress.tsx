import { type ReactNode, useEffect, useState } from 'react';
import type { ReportPage, RunEvent } from '../../src/contracts/report.ts';
import type { Client } from '../client/client.ts';
import { Facts } from '../components/facts.tsx';
import { formatCount, formatTime } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { RunStatusMark } from './run-status-mark.tsx';

export interface RunProgressProps {
  readonly client: Client;
  readonly page: ReportPage;
  /** Called when the run has ended and its page should be loaded again. */
  readonly onEnd: () => void;
}

/** A run that has no result yet: how far it is, or why it ended without one. */
export function RunProgress({ client, page, onEnd }: RunProgressProps): ReactNode {
  const { run } = page;
  const [event, setEvent] = useState<RunEvent>({ status: run.status, itemsDone: page.itemsDone });

  useEffect(() => {
    document.title = `${run.id} · biolens`;
    if (run.status !== 'running') return;
    return client.watchRun(run.id, next => {
      setEvent(next);
      if (next.status !== 'running') onEnd();
    });
  }, [client, run.id, run.status, onEnd]);

  return (
    <section className="section" aria-labelledby="run-title">
      <p className="kicker">{visibleText(run.kind)}</p>
      <h1 id="run-title">{visibleText(run.id)}</h1>
      <p className="lead" aria-live="polite">
        <RunStatusMark status={event.status} /> {statusText(event)}
      </p>
      {run.error !== undefined && <p className="callout">{visibleText(run.error)}</p>}
      <Facts
        items={[
          { term: 'Began', value: formatTime(run.provenance.startedAt) },
          { term: 'biolens', value: visibleText(run.provenance.biolens) },
          { term: 'Seed', value: String(run.provenance.seed) },
        ]}
      />
    </section>
  );
}

function statusText({ status, itemsDone }: RunEvent): string {
  const items = `${formatCount(itemsDone)} ${itemsDone === 1 ? 'item' : 'items'} done`;
  switch (status) {
    case 'running':
      return `${items}; this page follows.`;
    case 'interrupted':
      return `${items}; \u201cbiolens runs resume\u201d goes on from there.`;
    case 'failed':
      return `${items} before it failed.`;
    case 'done':
      return `${items}, without a report.`;
  }
}
