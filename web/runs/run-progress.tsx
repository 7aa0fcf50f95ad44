import { type ReactNode, useEffect, useState } from 'react';
import type { ReportPage, RunEvent } from '../../src/ground/contracts/report.ts';
import type { Client } from '../client/client.ts';
import { Facts } from '../components/facts.tsx';
import { formatTime, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

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

  const { title, detail } = describe(run.kind, event);
  return (
    <section className="section" aria-labelledby="run-title">
      <p className="kicker">{visibleText(run.id)}</p>
      <div aria-live="polite">
        <h1 id="run-title">{title}</h1>
        <p className="lead">{detail}</p>
      </div>
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

function describe(kind: string, { status, itemsDone }: RunEvent): { readonly title: string; readonly detail: string } {
  const run = `This ${visibleText(kind)}`;
  const items = plural(itemsDone, 'item');
  switch (status) {
    case 'running':
      return { title: `${run} is running`, detail: `${items} done; this page follows.` };
    case 'interrupted':
      return {
        title: `${run} was interrupted`,
        detail: `${items} done; \u201cbiolens runs resume\u201d goes on from there.`,
      };
    case 'failed':
      return { title: `${run} failed`, detail: `${items} done before that.` };
    case 'done':
      return { title: `${run} is done`, detail: `${items} done, but there is no report.` };
  }
}
