import type { ReactNode } from 'react';
import type { AuditReport } from '../../src/ground/contracts/audit.ts';
import { type Fact, Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { Noted } from '../components/noted.tsx';
import type { OfRun } from '../components/of-run.ts';
import { SET_LABELS } from '../components/set-key.tsx';
import { formatCount, formatNumber, formatRate } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

/** Which sets were compared, and how. */
export function Method({ report, run }: OfRun<AuditReport>): ReactNode {
  const { replication, sets, skipped } = report;
  return (
    <MethodSection
      run={run}
      skipped={skipped}
      lead="What was run, on what, with which settings. Intervals are at 95 % unless they say otherwise; the method of each is in its tooltip and in report.json."
    >
      <h3>Sets</h3>
      <Facts
        items={(['generated', 'training', 'heldout'] as const).flatMap(name => {
          const set = sets[name];
          if (set === null) return [];
          return [
            {
              term: SET_LABELS[name],
              value: (
                <Noted note={`${formatCount(set.n)} read, ${formatCount(set.embedded)} embedded`}>
                  <FileName name={set.source} whole />
                </Noted>
              ),
            },
          ];
        })}
      />
      <h3>Comparison</h3>
      <Facts items={comparisonFacts(replication)} />
    </MethodSection>
  );
}

function comparisonFacts(replication: AuditReport['replication']): Fact[] {
  const { embedder, calibration, threshold, falseMatchRate, falseDiscoveryRate, similarity, control } = replication;
  const source = calibration.source === 'heldout-to-training' ? 'held-out to training' : 'training to training';
  return [
    { term: 'Embedding', value: `${visibleText(embedder.name)}, ${formatCount(embedder.width)} numbers` },
    {
      term: 'Similarity',
      value: similarity === 'centred-cosine' ? 'cosine, after the mean training embedding is taken off' : 'cosine',
    },
    {
      term: 'Match threshold',
      value:
        threshold === null
          ? 'could not be calibrated'
          : `${threshold.toFixed(4)}, where ${formatNumber(falseMatchRate)} of unrelated pairs match`,
    },
    {
      term: 'Calibrated on',
      value: `${formatCount(calibration.pairs)} pairs, ${source} (${visibleText(calibration.method)})`,
    },
    { term: 'p-values compare with', value: visibleText(control) },
    {
      term: 'Calls',
      value: `Benjamini-Hochberg at a false discovery rate of ${formatRate(falseDiscoveryRate)}`,
    },
  ];
}
