import type { ReactNode } from 'react';
import type { AuditReport } from '../../src/ground/contracts/audit.ts';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Provenance } from '../components/provenance.tsx';
import { Section } from '../components/section.tsx';
import { SET_LABELS } from '../components/set-key.tsx';
import { formatCount, formatNumber, formatRate } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { Skipped } from './skipped.tsx';

/** How the numbers were made, from what, and what was left out: enough to repeat the run and to doubt it. */
export function Method({ report, run }: { readonly report: AuditReport; readonly run: RunRecord }): ReactNode {
  const { replication, sets, skipped } = report;
  return (
    <Section
      id="method"
      title="Method and provenance"
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
                <>
                  <FileName name={set.source} whole />
                  <span className="row-note">
                    {formatCount(set.n)} read, {formatCount(set.embedded)} embedded
                  </span>
                </>
              ),
            },
          ];
        })}
      />
      <h3>Comparison</h3>
      <Facts items={comparisonFacts(replication)} />
      <Provenance run={run} />
      <h3>Skipped files</h3>
      <Skipped skipped={skipped} />
    </Section>
  );
}

function comparisonFacts(replication: AuditReport['replication']): { term: string; value: ReactNode }[] {
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
