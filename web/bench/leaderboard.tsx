import { type ReactNode, useMemo, useState } from 'react';
import { nameOfCode } from '../../src/ground/contracts/bench-codes.ts';
import type { LeaderboardRow } from '../../src/ground/contracts/bench-compare.ts';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { Folded } from '../components/folded.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Noted } from '../components/noted.tsx';
import { Section } from '../components/section.tsx';
import { Segments } from '../components/segments.tsx';
import type { Sort } from '../components/sort.ts';
import { SortHeading } from '../components/sort-heading.tsx';
import { TableFrame } from '../components/table-frame.tsx';
import { downloadText } from '../text/csv.ts';
import { formatNumber, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import {
  categoriesOf,
  FIRST_SORT,
  groupRows,
  type LeaderboardShow,
  nextSort,
  ownFirst,
  placesOf,
  sortRows,
} from './leaderboard-view.ts';
import { modelName } from './model-name.ts';
import { RangeMark } from './range-mark.tsx';

const SHOWS: readonly { readonly id: LeaderboardShow; readonly title: string }[] = [
  { id: 'all', title: 'All' },
  { id: 'own', title: 'Measured here' },
  { id: 'published', title: 'Published' },
];

export interface LeaderboardProps {
  readonly report: BenchReport;
  readonly runId: string;
}

/** Own models first; published ones beside them where they answered the same questions, else apart, as context. */
export function Leaderboard({ report, runId }: LeaderboardProps): ReactNode {
  const { rows, publishedNotTested } = report.comparison;
  const [sort, setSort] = useState(FIRST_SORT);
  const [show, setShow] = useState<LeaderboardShow>('all');
  const { main, context } = useMemo(() => groupRows(rows, publishedNotTested === null), [rows, publishedNotTested]);
  const shown = useMemo(
    () => main.filter(row => show === 'all' || row.published === (show === 'published')),
    [main, show],
  );
  const mixed = main.some(row => row.published) && main.some(row => !row.published);
  const table = { sort, onSort: setSort };
  return (
    <Section
      id="leaderboard"
      title="Leaderboard"
      lead="Accuracy of each model with its 95 % interval. Rows marked as published are from the table of the benchmark’s paper: zero-shot, read by the benchmark’s own parser, with intervals that take questions as independent."
    >
      <div className="toolbar">
        {mixed && (
          <Segments legend="Rows shown" name="leaderboard-show" choices={SHOWS} chosen={show} onChoose={setShow} />
        )}
        <Exports report={report} runId={runId} />
      </div>
      <LeaderboardTable label="Leaderboard" rows={shown} ranked={main} {...table} />
      {context.length > 0 && (
        <>
          <h3>Published results, of other questions</h3>
          <p className="note">
            For context alone; they cannot be ranked with the models above: {visibleText(publishedNotTested ?? '')}.
          </p>
          <Folded summary={plural(context.length, 'published model')}>
            <LeaderboardTable label="Published results" rows={context} ranked={context} {...table} />
          </Folded>
        </>
      )}
    </Section>
  );
}

interface LeaderboardTableProps {
  readonly label: string;
  readonly rows: readonly LeaderboardRow[];
  /** All rows that places are counted among. */
  readonly ranked: readonly LeaderboardRow[];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

function LeaderboardTable({ label, rows, ranked, sort, onSort }: LeaderboardTableProps): ReactNode {
  const sorting = { sort, onPress: (column: string) => onSort(nextSort(sort, column)) };
  const places = useMemo(() => placesOf(ranked), [ranked]);
  const sorted = useMemo(() => ownFirst(sortRows(rows, sort)), [rows, sort]);
  const categories = categoriesOf(ranked);
  const flagged = ranked.some(row => row.withoutFlagged !== null);
  return (
    <TableFrame label={label}>
      <table className="data-table leaderboard">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <SortHeading column="name" title="Model" {...sorting} />
            <SortHeading column="size" title="Size" hint="Billions of parameters" className="numeric" {...sorting} />
            <SortHeading column="overall" title="Overall" className="numeric" {...sorting} />
            <th scope="col" className="range-column">
              <span className="range-scale" aria-hidden="true">
                <span>0</span>
                <span>50</span>
                <span>100 %</span>
              </span>
              <span className="visually-hidden">Overall as a line</span>
            </th>
            {flagged && (
              <th scope="col" className="numeric">
                Without defects
              </th>
            )}
            {categories.map(code => (
              <SortHeading
                key={code}
                column={code}
                title={modelName(nameOfCode(code))}
                className="numeric"
                {...sorting}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map(row => (
            <Row key={row.name} row={row} place={places.get(row.name)} categories={categories} flagged={flagged} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Row(props: {
  readonly row: LeaderboardRow;
  readonly place: number | undefined;
  readonly categories: readonly string[];
  readonly flagged: boolean;
}): ReactNode {
  const { row, place, categories, flagged } = props;
  const { name, published, group, size, overall, byCategory, withoutFlagged } = row;
  const note = published
    ? `published${group === null ? '' : ` · ${group}`}`
    : `measured here${row.setting === null ? '' : ` · ${row.setting}`}`;
  return (
    <tr className={published ? undefined : 'own'}>
      <th scope="row">
        <span className="place">{place ?? '–'}</span>
        <span className="leader">
          <Noted note={visibleText(note)}>{modelName(name)}</Noted>
        </span>
      </th>
      <td className="numeric">{size === null ? '–' : `${formatNumber(size)} B`}</td>
      <td className="numeric">
        <MetricValue metric={overall} kind="share" withoutN />
      </td>
      <td className="range-column">
        <RangeMark metric={overall} tone={published ? 'published' : 'own'} />
      </td>
      {flagged && (
        <td className="numeric">
          {withoutFlagged === null || withoutFlagged.value === null ? '–' : (withoutFlagged.value * 100).toFixed(1)}
        </td>
      )}
      {categories.map(code => {
        const value = byCategory[code]?.value;
        return (
          <td key={code} className="numeric">
            {value === null || value === undefined ? '–' : (value * 100).toFixed(1)}
          </td>
        );
      })}
    </tr>
  );
}

function Exports({ report, runId }: LeaderboardProps): ReactNode {
  const { csv, markdown, latex } = report.leaderboard;
  const files = [
    { title: 'CSV', ending: 'csv', type: 'text/csv', text: () => csv },
    {
      title: 'JSON',
      ending: 'json',
      type: 'application/json',
      text: () => `${JSON.stringify(report.comparison.rows, null, 2)}\n`,
    },
    { title: 'Markdown', ending: 'md', type: 'text/markdown', text: () => markdown },
    { title: 'LaTeX', ending: 'tex', type: 'application/x-tex', text: () => latex },
  ];
  return (
    <div className="toolbar-end">
      <span className="note">Export</span>
      {files.map(({ title, ending, type, text }) => (
        <button
          key={ending}
          type="button"
          className="button"
          aria-label={`Export the leaderboard as ${title}`}
          onClick={() => downloadText(`${runId}-leaderboard.${ending}`, text(), { type })}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
