import type { ReactNode } from 'react';
import type { AuditReport, Finding } from '../../src/contracts/audit.ts';
import type { RunRecord } from '../../src/contracts/run.ts';
import { LevelMark } from '../components/level-mark.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatCount, formatTime } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { KeyNumbers } from './key-numbers.tsx';

/** What was compared, what came out in plain words, and the numbers it rests on. */
export function Overview({ report, run }: { readonly report: AuditReport; readonly run: RunRecord }): ReactNode {
  const { training, generated, heldout } = report.sets;
  return (
    <section id="overview" className="section overview" aria-labelledby="overview-title">
      <p className="kicker">Audit of generated faces · {formatTime(run.provenance.startedAt)}</p>
      <h1 id="overview-title">{titleOf(report)}</h1>
      <ul className="sets">
        <li>
          <SetKey set="generated" /> {setText(generated)}
        </li>
        <li>
          <SetKey set="training" /> {setText(training)}
        </li>
        {heldout !== null && (
          <li>
            <SetKey set="heldout" /> {setText(heldout)}
          </li>
        )}
      </ul>
      <h2>Verdict</h2>
      {report.verdict.length === 0 ? (
        <p className="note">This run reached no verdict.</p>
      ) : (
        <ul className="verdict">
          {report.verdict.map(finding => (
            <FindingItem key={finding.subject} finding={finding} />
          ))}
        </ul>
      )}
      <KeyNumbers report={report} />
    </section>
  );
}

function FindingItem({ finding }: { readonly finding: Finding }): ReactNode {
  return (
    <li className={`finding finding-${finding.level}`}>
      <div className="finding-head">
        <LevelMark level={finding.level} />
        <span className="finding-subject">{wordsOf(finding.subject)}</span>
      </div>
      <div>
        <p className="finding-headline">{visibleText(finding.headline)}</p>
        <p className="finding-certainty">{visibleText(finding.certainty)}</p>
      </div>
    </li>
  );
}

function setText({ n, embedded, kind }: AuditReport['sets']['training']): string {
  const noun = kind === 'images' ? 'pictures' : 'embeddings';
  return embedded === n
    ? `${formatCount(n)} ${noun}`
    : `${formatCount(embedded)} of ${formatCount(n)} ${noun} could be used`;
}

/** The comparison in one line. */
export function titleOf(report: AuditReport): string {
  const { training, generated } = report.sets;
  return `${formatCount(generated.n)} generated faces against the ${formatCount(training.n)} they were trained on`;
}
