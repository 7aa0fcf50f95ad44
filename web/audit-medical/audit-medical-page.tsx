import type { ReactNode } from 'react';
import type { AuditMedicalReport } from '../../src/ground/contracts/audit-medical.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Noted } from '../components/noted.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { SET_LABELS } from '../components/set-key.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatP, formatPEquals, formatRate, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { SlicePair } from './slice-pair.tsx';

export const AUDIT_MEDICAL_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'slices', title: 'Side by side' },
  { id: 'pairs', title: 'Pairs' },
  { id: 'method', title: 'Method' },
];

type Pair = AuditMedicalReport['replication']['pairs'][number];

const pairColumns = (similarity: string): readonly Column<Pair & { readonly number: number }>[] => [
  { id: 'generated', header: 'Generated', cell: ({ generated }) => <FileName name={generated} /> },
  { id: 'training', header: 'Most like training', cell: ({ training }) => <FileName name={training} /> },
  { id: 'similarity', header: similarity, numeric: true, cell: pair => pair.similarity.toFixed(3) },
  { id: 'p', header: 'p', numeric: true, cell: ({ pValue }) => formatP(pValue) },
  { id: 'q', header: 'q', numeric: true, cell: ({ qValue }) => formatP(qValue) },
  {
    id: 'called',
    header: 'Called',
    cell: ({ copy, flipped }) => `${copy ? 'copy' : ''}${copy && flipped ? ', flipped' : ''}`,
  },
];

const lastOf = (path: string): string => visibleText(path.split('/').at(-1) ?? path);

/** The report of an audit of medical images. It shows slices only where `--page` asked for them. */
export function AuditMedicalPage({ report, run }: OfRun<AuditMedicalReport>): ReactNode {
  const { sets, replication, compared, verdict, notes, shown } = report;
  const title = `${lastOf(sets.generated.source)} against ${lastOf(sets.training.source)}`;
  usePageTitle(title);
  const { rule, permutation, embedder } = replication;
  const similarity = embedder === null ? 'Correlation' : 'Cosine';
  const columns = pairColumns(similarity);
  const alike =
    embedder === null
      ? 'Pearson’s correlation within the body, the best over flips, small shifts and turns'
      : 'the cosine of their embeddings';
  return (
    <>
      <OverviewSection kind="Audit of medical images" run={run} title={title}>
        <p className="lead">
          {plural(sets.generated.n, 'generated item')} against {plural(sets.training.n, 'training item')}, compared as{' '}
          {compared}.
        </p>
        <h2>Verdict</h2>
        <Findings findings={verdict} />
        <h2>Key numbers</h2>
        <Facts
          look="key-numbers"
          items={[
            { term: 'Called copies', value: <MetricValue metric={replication.copied} kind="share" size="large" /> },
            {
              term: `Above the ${rule.percentile}th percentile of the control`,
              value: <MetricValue metric={rule.generated} kind="share" size="large" />,
            },
            {
              term: 'The same of the control, by construction',
              value: <MetricValue metric={rule.control} kind="share" size="large" />,
            },
          ]}
        />
      </OverviewSection>
      <Section
        id="slices"
        title="Side by side"
        lead="Middle slices of the pairs that matter most, in 8 bits within the window that the file gives, or from the darkest to the lightest hundredth. Nothing that stands in their pixels is masked."
      >
        {shown.length === 0 ? (
          <p className="note">No slices are shown: audit with --page to see them.</p>
        ) : (
          shown.map(one => (
            <SlicePair
              key={one.images.generated}
              shown={one}
              similarity={similarity}
              pair={replication.pairs.find(
                ({ generated, training }) => generated === one.generated && training === one.training,
              )}
            />
          ))
        )}
      </Section>
      <Section
        id="pairs"
        title="Pairs"
        lead={`Each generated item with the training item most like it: ${alike}. Items are named by the SHA-256 of their content, since names of files can be names of persons.`}
      >
        <ShowMore items={replication.pairs.map((pair, number) => ({ ...pair, number }))} step={50} noun="pairs">
          {shown => (
            <DataTable
              caption="Pairs"
              captionHidden
              columns={columns}
              rows={shown}
              keyOf={({ number }) => String(number)}
            />
          )}
        </ShowMore>
      </Section>
      <MethodSection
        run={run}
        skipped={notes.map(({ set, item, reason }) => ({ set, file: item, reason }))}
        lead="What was run, on what, with which settings. Intervals are at 95 % unless they say otherwise."
      >
        <Facts
          items={[
            ...(['generated', 'training', 'heldout'] as const).flatMap(name => {
              const set = sets[name];
              return set === null
                ? []
                : [
                    {
                      term: SET_LABELS[name],
                      value: (
                        <Noted note={`${plural(set.n, 'item')} of ${plural(set.files, 'file')}`}>
                          <FileName name={set.source} whole />
                        </Noted>
                      ),
                    },
                  ];
            }),
            ...(embedder === null
              ? []
              : [
                  {
                    term: 'Embedder',
                    value: `${visibleText(embedder.name)}, ${embedder.width} numbers${embedder.fittedTo === null ? '' : `, fitted to ${embedder.fittedTo} held-out items that are no control`}`,
                  },
                ]),
            { term: 'Threshold of the percentile rule', value: rule.threshold.toFixed(3) },
            { term: 'p-values compare with', value: visibleText(replication.control) },
            {
              term: 'Calls',
              value: `Benjamini-Hochberg at a false discovery rate of ${formatRate(replication.falseDiscoveryRate)}, above the threshold`,
            },
            {
              term: 'Relabelling test',
              value: permutation.p === null ? visibleText(permutation.reason ?? '') : formatPEquals(permutation.p),
            },
          ]}
        />
      </MethodSection>
    </>
  );
}
