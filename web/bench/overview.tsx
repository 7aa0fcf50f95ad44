import type { ReactNode } from 'react';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import { FileName } from '../components/file-name.tsx';
import { LevelMark } from '../components/level-mark.tsx';
import { formatCount, formatShare, formatTime, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import type { Entry } from './entries.ts';
import { ModelChoice } from './model-choice.tsx';
import { modelName } from './model-name.ts';
import { OutcomesFigure } from './outcomes.tsx';
import { verdictOn } from './verdict.ts';

export interface OverviewProps {
  readonly report: BenchReport;
  readonly run: RunRecord;
  readonly entries: readonly Entry[];
  /** The one that the page is about now; null where no model was asked. */
  readonly entry: Entry | null;
  readonly onChoose: (name: string) => void;
}

/** Who was asked what, what came out in plain words, and what became of the replies. */
export function Overview({ report, run, entries, entry, onChoose }: OverviewProps): ReactNode {
  const { benchmark } = report;
  return (
    <section id="overview" className="section overview" aria-labelledby="overview-title">
      <p className="kicker">Benchmark of face understanding · {formatTime(run.provenance.startedAt)}</p>
      <h1 id="overview-title">{titleOf(report, entries)}</h1>
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
          <ul className="verdict">
            {verdictOn(entry, report).map(({ subject, level, headline, certainty }) => (
              <li key={subject} className={`finding finding-${level}`}>
                <div className="finding-head">
                  <LevelMark level={level} />
                  <span className="finding-subject">{subject}</span>
                </div>
                <div>
                  <p className="finding-headline">{visibleText(headline)}</p>
                  <p className="finding-certainty">{visibleText(certainty)}</p>
                </div>
              </li>
            ))}
          </ul>
          <h2>Replies</h2>
          <OutcomesFigure entry={entry} />
        </>
      )}
    </section>
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
