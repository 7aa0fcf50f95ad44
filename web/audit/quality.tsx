import type { ReactNode } from 'react';
import type { Quality as QualityReport } from '../../src/ground/contracts/audit.ts';
import { type Measure, MeasureTable } from '../components/measure-table.tsx';
import { Section } from '../components/section.tsx';
import { SET_LABELS } from '../components/set-key.tsx';

/** How like real faces the generated ones are, and how varied. */
export function Quality({ quality }: { readonly quality: QualityReport }): ReactNode {
  return (
    <Section
      id="quality"
      title="Quality and variety"
      lead={`Generated items compared as a whole with the ${SET_LABELS[quality.reference].toLowerCase()} set, in the same embedding. A generator that copies scores well on most of these: read them together with the copies.`}
    >
      <MeasureTable caption="Measures of quality and variety" measures={measuresOf(quality)} />
    </Section>
  );
}

function measuresOf(quality: QualityReport): readonly Measure[] {
  return [
    {
      id: 'fid',
      name: 'Fréchet distance (FID)',
      value: quality.fid,
      kind: 'number',
      meaning: 'How far the mean and spread of the embeddings are from those of the reference.',
      good: 'Good: low. Compare only audits with the same embedding and like numbers of items.',
    },
    {
      id: 'kid',
      name: 'Kernel distance (KID)',
      value: quality.kid,
      kind: 'number',
      meaning: 'The same question without assuming bell curves, and without a bias from small sets.',
      good: 'Good: near 0; an interval that holds 0 cannot tell the sets apart.',
    },
    {
      id: 'precision',
      name: 'Precision',
      value: quality.precision,
      kind: 'share',
      meaning: 'Generated items that lie where real ones lie: realism.',
      good: 'Good: high.',
    },
    {
      id: 'recall',
      name: 'Recall',
      value: quality.recall,
      kind: 'share',
      meaning: 'Real items that lie where generated ones lie: variety.',
      good: 'Good: high.',
    },
    {
      id: 'density',
      name: 'Density',
      value: quality.density,
      kind: 'number',
      meaning: 'Precision that outliers among the real items cannot flatter.',
      good: 'Good: near 1 or above.',
    },
    {
      id: 'coverage',
      name: 'Coverage',
      value: quality.coverage,
      kind: 'share',
      meaning: 'Real items that have a generated one in their neighbourhood.',
      good: 'Good: high.',
    },
    {
      id: 'vendi',
      name: 'Vendi score',
      value: quality.vendi,
      kind: 'number',
      meaning: 'Number of really different items that the generated set amounts to.',
      good: 'Good: high.',
    },
    {
      id: 'fld',
      name: 'Feature likelihood (FLD)',
      value: quality.fld,
      kind: 'number',
      meaning:
        'How well a model of the generated items explains items it has not seen: realism, variety and novelty in one.',
      good: 'Good: near 0; higher is worse.',
    },
    {
      id: 'fldGap',
      name: 'FLD gap',
      value: quality.fldGap,
      kind: 'number',
      meaning: 'How much better that model explains training items than unseen ones.',
      good: 'Good: near 0; far below 0 says overfitted to the training set.',
    },
  ];
}
