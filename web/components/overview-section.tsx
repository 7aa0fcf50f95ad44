import type { ReactNode } from 'react';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import { formatTime } from '../text/format.ts';

export interface OverviewSectionProps {
  /** What kind of run it was. */
  readonly kind: string;
  readonly run: RunRecord;
  /** The result in one line. */
  readonly title: string;
  readonly children: ReactNode;
}

/** The head of a report: what it is of, when that was, and what came out. */
export function OverviewSection({ kind, run, title, children }: OverviewSectionProps): ReactNode {
  return (
    <section id="overview" className="section overview" aria-labelledby="overview-title">
      <p className="kicker">
        {kind} · {formatTime(run.provenance.startedAt)}
      </p>
      <h1 id="overview-title">{title}</h1>
      {children}
    </section>
  );
}
