import type { ReactNode } from 'react';
import { DataTable } from '../components/data-table.tsx';
import { WrittenValue } from '../components/metric-value.tsx';
import { Noted } from '../components/noted.tsx';
import { Section } from '../components/section.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatCount, formatP, formatRate } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { type OfEntry, type Rival, rivalsOf } from './entries.ts';
import { modelName } from './model-name.ts';
import { formatPointRange, formatSigned } from './points.ts';

const SHOWN = 32;

/** Which differences between this model and others are real. */
export function Differences({ entry, comparison }: OfEntry): ReactNode {
  const rivals = rivalsOf(entry.name, comparison);
  return (
    <Section
      id="differences"
      title="Real differences"
      lead={`The accuracy of ${modelName(entry.name)} less that of each other model, in points. A difference is called real where q is at most ${comparison.falseDiscoveryRate}: of such calls about ${formatRate(comparison.falseDiscoveryRate)} are expected to be wrong.`}
    >
      {comparison.publishedNotTested !== null && (
        <div className="callout">
          <h3>Published models are not tested</h3>
          <p>{visibleText(`${capitalised(comparison.publishedNotTested)}.`)}</p>
        </div>
      )}
      {rivals.length === 0 ? (
        <p className="note">There is no other model to test against.</p>
      ) : (
        <ShowMore items={rivals} step={SHOWN} noun="models">
          {shown => <RivalTable rivals={shown} />}
        </ShowMore>
      )}
    </Section>
  );
}

function RivalTable({ rivals }: { readonly rivals: readonly Rival[] }): ReactNode {
  return (
    <DataTable
      caption="Differences to other models"
      captionHidden
      rows={rivals}
      keyOf={({ row }) => row.name}
      columns={[
        {
          id: 'model',
          header: 'Against',
          cell: ({ row }) => <Noted note={row.published ? 'published' : 'measured here'}>{modelName(row.name)}</Noted>,
        },
        {
          id: 'difference',
          header: 'Points',
          numeric: true,
          cell: ({ difference }) => <Points difference={difference} />,
        },
        { id: 'q', header: 'q', numeric: true, cell: ({ pair }) => formatP(pair.q) },
        { id: 'real', header: 'Called', cell: rival => callOf(rival) },
        { id: 'how', header: 'Tested on', cell: ({ pair }) => howOf(pair) },
      ]}
    />
  );
}

function Points({ difference }: { readonly difference: Rival['difference'] }): ReactNode {
  const { value, reason } = difference;
  if (value === null) return <span className="metric-detail">{visibleText(reason ?? 'not computed')}</span>;
  return <WrittenValue value={formatSigned(value)} detail={formatPointRange(difference)} />;
}

function callOf({ pair, difference }: Rival): ReactNode {
  if (pair.p === null) return 'not tested';
  if (!pair.real) return <span className="call">not told apart</span>;
  return <strong>{(difference.value ?? 0) > 0 ? 'really better' : 'really worse'}</strong>;
}

function howOf({ paired, firstBetter, secondBetter, reason }: Rival['pair']): string {
  if (reason !== undefined) return visibleText(reason);
  if (!paired) return 'totals alone';
  const parts =
    firstBetter === null || secondBetter === null ? '' : `, ${formatCount(firstBetter + secondBetter)} of which differ`;
  return `the same questions${parts}`;
}
