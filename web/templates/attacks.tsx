import type { ReactNode } from 'react';
import type { TemplateReport } from '../../src/ground/contracts/templates.ts';
import { DataTable } from '../components/data-table.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { formatCount, formatMeasured } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

type Attack = TemplateReport['schemes'][string]['attacks'][number];

const NAMES: Readonly<Record<Attack['attack'], string>> = {
  inversion: 'Inversion with the key',
  'leaked-templates': 'Several leaked templates',
  linking: 'Linking after inversion',
  'hill-climbing': 'Hill climbing on scores',
  decisions: 'Hill climbing on accept or reject',
  dictionary: 'Dictionary of strangers',
  'nearest-portrait': 'Nearest portrait of a stranger',
};

/** What attacks on one scheme reached. */
export function AttackTable({
  title,
  attacks,
}: {
  readonly title: string;
  readonly attacks: readonly Attack[];
}): ReactNode {
  return (
    <DataTable
      caption={`Attacks on ${visibleText(title)}`}
      rows={attacks}
      keyOf={({ attack, variant }) => `${attack}-${variant}`}
      columns={[
        {
          id: 'attack',
          header: 'Attack',
          cell: ({ attack, variant }) => `${NAMES[attack]}${variant === null ? '' : `, ${visibleText(variant)}`}`,
        },
        { id: 'needs', header: 'Needs', cell: ({ needs }) => visibleText(needs) },
        metricColumn({
          id: 'cosine',
          header: 'Cosine to the face',
          kind: 'similarity',
          withoutN: true,
          metricOf: ({ similarity }: Attack) => similarity,
        }),
        metricColumn({
          id: 'recognised',
          header: 'Recognised',
          kind: 'share',
          withoutN: true,
          metricOf: ({ recognised }: Attack) => recognised,
        }),
        metricColumn({
          id: 'accepted',
          header: 'Accepted',
          kind: 'share',
          withoutN: true,
          metricOf: ({ accepted }: Attack) => accepted,
        }),
        {
          id: 'queries',
          header: 'Questions',
          numeric: true,
          cell: ({ queries }) => (queries === null ? '–' : formatCount(Math.round(queries))),
        },
        {
          id: 'linked',
          header: 'D↔sys',
          numeric: true,
          cell: ({ dSys }) => (dSys === null ? '–' : formatMeasured(dSys)),
        },
      ]}
    />
  );
}
