import type { ReactNode } from 'react';
import type { VerificationReport } from '../../src/ground/contracts/verification.ts';
import { DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';

type ByGroup = NonNullable<VerificationReport['groups']>;

export interface GroupsProps {
  readonly groups: ByGroup;
  readonly working: VerificationReport['working'];
}

/** Error rates of groups at the one threshold that all share. */
export function Groups({ groups, working }: GroupsProps): ReactNode {
  const { attribute, worstToGeometricMean } = groups;
  const at = working.target === null ? 'that of equal errors' : `the one for a false match rate of ${working.target}`;
  return (
    <Section
      id="groups"
      title={`By ${wordsOf(attribute)}`}
      lead={`All groups share one threshold, ${at}, as ISO/IEC 19795-10 asks; a threshold for each would hide the difference. Groups with fewer than ${plural(groups.leastPeople, 'person', 'people')} are shown and not ranked.`}
    >
      <DataTable
        caption="Error rates within each group"
        rows={groups.groups}
        keyOf={({ group }) => group}
        columns={[
          {
            id: 'group',
            header: 'Group',
            cell: ({ group, small }) => `${visibleText(group)}${small ? ' (few people)' : ''}`,
          },
          { id: 'people', header: 'People', numeric: true, cell: ({ people }) => formatCount(people) },
          metricColumn({
            id: 'fmr',
            header: 'False match rate',
            kind: 'share',
            metricOf: ({ fmr }: ByGroup['groups'][number]) => fmr,
          }),
          metricColumn({
            id: 'fnmr',
            header: 'False non-match rate',
            kind: 'share',
            metricOf: ({ fnmr }: ByGroup['groups'][number]) => fnmr,
          }),
        ]}
      />
      <Facts
        items={[
          {
            term: 'Largest false match rate over the geometric mean',
            value: <MetricValue metric={worstToGeometricMean.fmr} kind="factor" />,
          },
          {
            term: 'Largest false non-match rate over the geometric mean',
            value: <MetricValue metric={worstToGeometricMean.fnmr} kind="factor" />,
          },
        ]}
      />
      {groups.crossed.length > 0 && (
        <DataTable
          caption="False match rates between people of two groups"
          rows={groups.crossed}
          keyOf={({ first, second }) => `${first}/${second}`}
          columns={[
            {
              id: 'groups',
              header: 'Groups',
              cell: ({ first, second }) => `${visibleText(first)} and ${visibleText(second)}`,
            },
            metricColumn({
              id: 'fmr',
              header: 'False match rate',
              kind: 'share',
              metricOf: ({ fmr }: ByGroup['crossed'][number]) => fmr,
            }),
          ]}
        />
      )}
    </Section>
  );
}
