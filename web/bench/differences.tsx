import type { ReactNode } from 'react';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { DataTable } from '../components/data-table.tsx';
import { Section } from '../components/section.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatCount, formatP, formatRate } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { type Entry, type Rival, rivalsOf } from './entries.ts';
import { modelName } from './model-name.ts';
import { formatPointRange, formatSigned } from './points.ts';

const SHOWN = 32;

/** Which differences between this model and others are real. */
export function Differences({
  entry,
  comparison,
}: {
  readonly entry: Entry;
  readonly comparison: BenchReport['comparison'];
}): ReactNode {
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
          <p>{visibleText(sentence(comparison.publishedNotTested))}</p>
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

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

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
          cell: ({ row }) => (
            <>
              {modelName(row.name)}
              <span className="row-note">{row.published ? 'published' : 'measured here'}</span>
            </>
          ),
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
  return (
    <span className="metric cell">
      <span className="metric-value">{formatSigned(value)}</span>
      <span className="metric-detail">{formatPointRange(difference)}</span>
    </span>
  );
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
