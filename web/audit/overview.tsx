import type { ReactNode } from 'react';
import type { AuditReport, Repeats, SetSummary } from '../../src/ground/contracts/audit.ts';
import { Findings } from '../components/findings.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatCount } from '../text/format.ts';
import { KeyNumbers } from './key-numbers.tsx';

/** What was compared, what came out in plain words, and the numbers it rests on. */
export function Overview({ report, run }: OfRun<AuditReport>): ReactNode {
  const { training, generated, heldout } = report.sets;
  return (
    <OverviewSection kind="Audit of generated faces" run={run} title={titleOf(report)}>
      <ul className="sets">
        <li>
          <SetKey set="generated" /> {setText(generated, report.repeats?.generated)}
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
      <Findings findings={report.verdict} />
      <KeyNumbers report={report} />
    </OverviewSection>
  );
}

function setText({ n, embedded, kind, severalFaces = 0, faces }: SetSummary, repeats?: Repeats): string {
  const parts = [
    embedded === n
      ? `${formatCount(n)} ${kind}`
      : `${formatCount(embedded)} of ${formatCount(n)} ${kind} could be used`,
  ];
  if (repeats !== undefined && repeats.distinct < repeats.n)
    parts.push(`${formatCount(repeats.distinct)} of them different`);
  if (severalFaces > 0)
    parts.push(
      `${formatCount(severalFaces)} with several faces, of which ${faces === 'all' ? 'all were' : 'the largest was'} compared`,
    );
  return parts.join('; ');
}

/** The comparison in one line. */
export function titleOf(report: AuditReport): string {
  const { training, generated } = report.sets;
  return `${formatCount(generated.n)} generated faces against the ${formatCount(training.n)} they were trained on`;
}
