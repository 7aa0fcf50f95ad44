import { type ReactNode, useEffect, useState } from 'react';
import type { HostedRun } from '../../src/ground/contracts/job.ts';
import type { ReportPage, RunEvent } from '../../src/ground/contracts/report.ts';
import type { Client } from '../client/client.ts';
import { Facts } from '../components/facts.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatTime, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { ActionButton } from './action-button.tsx';
import { createTimeLeft } from './time-left.ts';
import { WorkProgress } from './work-progress.tsx';

export interface RunProgressProps {
  readonly client: Client;
  readonly page: ReportPage;
  /** Whether the studio has the run's job, and may work on it. */
  readonly startable: boolean;
  /** Called when the run has ended, or was resumed, and its page should be loaded again. */
  readonly onChange: () => void;
}

interface Work {
  readonly state: HostedRun;
  readonly leftMs: number | null;
}

/** A run that has no result yet: how far it is, or why it ended without one. */
export function RunProgress({ client, page, startable, onChange }: RunProgressProps): ReactNode {
  const { run } = page;
  const [event, setEvent] = useState<RunEvent>({ status: run.status, itemsDone: page.itemsDone });
  const [work, setWork] = useState<Work | null>(null);

  usePageTitle(run.id);
  useEffect(() => {
    if (run.status !== 'running') return;
    const watch = (): (() => void) =>
      client.watchRun(run.id, next => {
        setEvent(next);
        if (next.status !== 'running') onChange();
      });
    if (!startable) return watch();
    const timeLeft = createTimeLeft();
    let end = client.followWork(run.id, {
      onNews: state => {
        setWork({ state, leftMs: timeLeft(state.progress, Date.now()) });
        if (state.state !== 'running') onChange();
      },
      // Another process works on it, or did.
      onNone: () => {
        setWork(null);
        end = watch();
      },
    });
    return () => end();
  }, [client, run.id, run.status, startable, onChange]);

  const stoppable = work?.state.state === 'running';
  const { title, detail } = describe(run.kind, event, { followed: stoppable, resumable: startable });
  const ended = run.status === 'interrupted' || run.status === 'failed';
  return (
    <section className="section" aria-labelledby="run-title">
      <p className="kicker">{visibleText(run.id)}</p>
      <div aria-live="polite">
        <h1 id="run-title">{title}</h1>
        <p className="lead">{detail}</p>
      </div>
      {run.error !== undefined && <p className="callout">{visibleText(run.error)}</p>}
      {work !== null && stoppable && <WorkProgress {...work} />}
      {stoppable && (
        <ActionButton label="Stop" doing="Stopping…" act={() => client.stopRun(run.id)} onDone={onChange} />
      )}
      {startable && ended && (
        <ActionButton
          label="Resume"
          doing="Checking, then resuming…"
          act={() => client.resumeRun(run.id)}
          onDone={onChange}
        />
      )}
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

interface Circumstances {
  /** Its progress is shown below. */
  readonly followed: boolean;
  /** A button below resumes it. */
  readonly resumable: boolean;
}

function describe(
  kind: string,
  { status, itemsDone }: RunEvent,
  { followed, resumable }: Circumstances,
): { readonly title: string; readonly detail: string } {
  const run = `This ${visibleText(kind)}`;
  const items = plural(itemsDone, 'item');
  switch (status) {
    case 'running':
      return {
        title: `${run} is running`,
        detail: followed
          ? 'This studio works on it; this page may be closed meanwhile.'
          : `${items} done; this page follows.`,
      };
    case 'interrupted':
      return {
        title: `${run} was interrupted`,
        detail: resumable
          ? `${items} done; what is done is kept.`
          : `${items} done; \u201cbiolens runs resume\u201d continues from there.`,
      };
    case 'failed':
      return { title: `${run} failed`, detail: `${items} done before that.` };
    case 'done':
      return { title: `${run} is done`, detail: `${items} done, but there is no report.` };
  }
}
