import type { ReactNode } from 'react';
import type { HostedRun } from '../../src/ground/contracts/job.ts';
import { formatCount, formatDuration } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';

export interface WorkProgressProps {
  readonly state: HostedRun;
  /** Milliseconds that the stage still takes; null while that cannot be told. */
  readonly leftMs: number | null;
}

/** How far the studio is with a run: the stage, how much of it, the time left, and what was said on the way. */
export function WorkProgress({ state, leftMs }: WorkProgressProps): ReactNode {
  const { progress, notes } = state;
  return (
    <>
      <div className="work-progress">
        <p className="work-stage" role="status">
          {progress === null ? 'Getting ready' : capitalised(visibleText(progress.stage))}
        </p>
        <progress
          aria-label="How much of this stage is done"
          max={progress?.total ?? undefined}
          value={progress === null || progress.total === null ? undefined : progress.done}
        />
        <p className="work-amount">
          <span>{progress !== null && amountText(progress)}</span>
          <span>{leftMs !== null && `About ${formatDuration(leftMs)} left in this stage`}</span>
        </p>
      </div>
      {notes.length > 0 && (
        <section className="work-notes" aria-labelledby="notes-title">
          <h2 id="notes-title">Notes</h2>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable */}
          <div role="log" aria-labelledby="notes-title" tabIndex={0}>
            {notes.map((note, i) => (
              <p key={i}>{visibleText(note)}</p>
            ))}
          </div>
        </section>
      )}
    </>
  );
}

function amountText({ done, total }: NonNullable<HostedRun['progress']>): string {
  return total === null ? `${formatCount(done)} done` : `${formatCount(done)} of ${formatCount(total)}`;
}
