import type { ReactNode } from 'react';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import { formatCount, formatShare, plural } from '../text/format.ts';
import type { Entry } from './entries.ts';
import { ModelChoice } from './model-choice.tsx';
import { modelName } from './model-name.ts';
import { OutcomesFigure } from './outcomes.tsx';
import { verdictOn } from './verdict.ts';

export interface OverviewProps extends OfRun<BenchReport> {
  readonly entries: readonly Entry[];
  /** The one that the page is about now; null where no model was asked. */
  readonly entry: Entry | null;
  readonly onChoose: (name: string) => void;
}

/** Who was asked what, what came out in plain words, and what became of the replies. */
export function Overview({ report, run, entries, entry, onChoose }: OverviewProps): ReactNode {
  const { benchmark } = report;
  return (
    <OverviewSection kind="Benchmark of face understanding" run={run} title={titleOf(report, entries)}>
      <ul className="sets">
        <li>
          {plural(benchmark.questions, 'question')} from <FileName name={benchmark.source} />
        </li>
        {entry !== null && <li>{settingText(entry)}</li>}
      </ul>
      <ModelChoice entries={entries} entry={entry} onChoose={onChoose} />
      <h2>Verdict</h2>
      {entry === null ? (
        <p className="note">No model was asked.</p>
      ) : (
        <>
          <Findings findings={verdictOn(entry, report)} />
          <h2>Replies</h2>
          <OutcomesFigure entry={entry} />
        </>
      )}
    </OverviewSection>
  );
}

function settingText({ score }: Entry): string {
  const { counts, setting } = score;
  const asked = counts.questions - counts.unasked;
  return `Asked ${setting ?? 'nothing'}, ${plural(counts.answers, 'reply', 'replies')}${asked < counts.questions ? ` on ${formatCount(asked)} of them` : ''}`;
}

/** The result in one line. */
export function titleOf({ benchmark }: BenchReport, entries: readonly Entry[]): string {
  const [first] = entries;
  if (first === undefined) return `${formatCount(benchmark.questions)} questions about faces, not asked yet`;
  if (entries.length > 1)
    return `${formatCount(entries.length)} models on ${formatCount(benchmark.questions)} questions about faces`;
  const { value, n } = first.score.overall;
  const name = modelName(first.name);
  return value === null
    ? `${name} on questions about faces`
    : `${name} gets ${formatShare(value)} of ${formatCount(n)} questions about faces right`;
}
