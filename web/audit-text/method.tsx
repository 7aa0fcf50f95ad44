import type { ReactNode } from 'react';
import type { AuditTextReport } from '../../src/ground/contracts/audit-text.ts';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { Noted } from '../components/noted.tsx';
import type { OfRun } from '../components/of-run.ts';
import { SET_LABELS } from '../components/set-key.tsx';
import { formatBytes, formatCount, formatRate, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

/** Which texts were compared, and how. */
export function Method({ report, run }: OfRun<AuditTextReport>): ReactNode {
  const { sets, settings, replication, skipped, alsoSkipped } = report;
  return (
    <MethodSection
      run={run}
      skipped={skipped}
      lead="What was run, on what, with which settings. Intervals are at 95 % unless they say otherwise; the method of each is in its tooltip and in report.json."
    >
      <h3>Texts</h3>
      <Facts
        items={(['generated', 'training', 'heldout'] as const).flatMap(name => {
          const set = sets[name];
          if (set === null) return [];
          const note = `${plural(set.documents, 'document')} in ${plural(set.files, 'file')}, ${formatBytes(set.bytes)}`;
          return [
            {
              term: SET_LABELS[name],
              value: (
                <Noted note={note}>
                  <FileName name={set.source} whole />
                </Noted>
              ),
            },
          ];
        })}
      />
      {alsoSkipped > 0 && (
        <p className="note">{formatCount(alsoSkipped)} more files and rows were left out than are named below.</p>
      )}
      <h3>Comparison</h3>
      <Facts
        items={[
          { term: 'Shortest run', value: plural(settings.shortest, 'character') },
          { term: 'Looked past', value: settings.normalise.length === 0 ? 'nothing' : settings.normalise.join(', ') },
          { term: 'Common phrase', value: `a run that occurs ${plural(settings.commonFrom, 'time')} or more` },
          {
            term: 'Copies are called from',
            value: `${plural(replication.threshold, 'character')}, ${replication.calibration === 'given' ? 'as set' : 'as held-out texts hardly reach'}`,
          },
          { term: 'p-values compare with', value: visibleText(replication.control) },
          {
            term: 'Calls',
            value: `Benjamini-Hochberg at a false discovery rate of ${formatRate(replication.falseDiscoveryRate)}`,
          },
        ]}
      />
    </MethodSection>
  );
}
