import type { ReactNode } from 'react';
import type { Finding } from '../../src/ground/contracts/audit.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { LevelMark } from './level-mark.tsx';

/** The verdict of a run: what was found in plain words, how it is judged and how sure it is. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  if (findings.length === 0) return <p className="note">This run reached no verdict.</p>;
  return (
    <ul className="verdict">
      {findings.map(finding => (
        <li key={finding.subject} className={`finding finding-${finding.level}`}>
          <div className="finding-head">
            <LevelMark level={finding.level} />
            <span className="finding-subject">{wordsOf(finding.subject)}</span>
          </div>
          <div>
            <p className="finding-headline">{visibleText(finding.headline)}</p>
            <p className="finding-certainty">{visibleText(finding.certainty)}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}
