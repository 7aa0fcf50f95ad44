import type { ReactNode } from 'react';
import type { RunRow } from '../../src/ground/contracts/report.ts';
import { LevelMark } from '../components/level-mark.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { ShowMore } from '../components/show-more.tsx';
import type { Sort } from '../components/sort.ts';
import { SortHeading } from '../components/sort-heading.tsx';
import { TableFrame } from '../components/table-frame.tsx';
import { runAddress } from '../new-run/address.ts';
import { formatDuration, formatTime } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { nextSort, type RunColumn, type RunQuery } from './run-query.ts';
import { RunStatusMark } from './run-status-mark.tsx';

export interface RunTableProps {
  readonly runs: readonly RunRow[];
  readonly query: RunQuery;
  readonly onSort: (sort: Sort<RunColumn>) => void;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (id: string, on: boolean) => void;
  readonly onChooseAll: (on: boolean) => void;
  readonly onTag: (tag: string) => void;
  /** Opens what is said of a run; null where nothing can be written. */
  readonly onNotes: ((run: RunRow) => void) | null;
}

/** Rows in the page at first: thousands of them would make it slow. */
const SHOWN = 100;

/** Runs, a row each: what they are, what came out, and what the user says of them. */
export function RunTable(props: RunTableProps): ReactNode {
  const { runs, query, onSort, chosen, onChooseAll } = props;
  const sorting = { sort: query.sort, onPress: (column: RunColumn) => onSort(nextSort(query.sort, column)) };
  if (runs.length === 0) return <p className="note">No run fits these filters.</p>;
  return (
    <ShowMore items={runs} step={SHOWN} noun="runs">
      {shown => (
        <TableFrame label="Runs">
          <table className="data-table runs-table">
            <caption className="visually-hidden">Runs</caption>
            <thead>
              <tr>
                <th scope="col" className="choose">
                  <input
                    type="checkbox"
                    aria-label="Select all runs shown"
                    checked={runs.every(({ id }) => chosen.has(id))}
                    onChange={event => onChooseAll(event.currentTarget.checked)}
                  />
                </th>
                <SortHeading column="title" title="Run" {...sorting} />
                <SortHeading column="result" title="Result" {...sorting} />
                <SortHeading column="verdict" title="Verdict" {...sorting} />
                <SortHeading column="status" title="Status" {...sorting} />
                <SortHeading column="seconds" title="Duration" {...sorting} />
                <SortHeading column="startedAt" title="Began" {...sorting} />
              </tr>
            </thead>
            <tbody>
              {shown.map(run => (
                <Row key={run.id} run={run} {...props} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
    </ShowMore>
  );
}

const noteWord = ({ notes, tags }: RunRow): string => (notes === '' && tags.length === 0 ? 'Add a note' : 'Edit');

function Row({ run, chosen, onChoose, onTag, onNotes }: RunTableProps & { readonly run: RunRow }): ReactNode {
  const { id, title, headline, pending, seconds, startedAt, status, notes, tags } = run;
  return (
    <tr>
      <td className="choose">
        <input
          type="checkbox"
          aria-label={`Select ${visibleText(title)}, ${visibleText(id)}`}
          checked={chosen.has(id)}
          onChange={event => onChoose(id, event.currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <a href={runAddress(id)}>{visibleText(title)}</a>
        <code className="row-note">{visibleText(id)}</code>
        {notes !== '' && <span className="run-notes">{visibleText(notes.slice(0, 300))}</span>}
        <span className="run-tags">
          {tags.map(tag => (
            <button
              key={tag}
              type="button"
              className="tag tag-button"
              aria-label={`Show runs with the tag ${visibleText(tag)}`}
              onClick={() => onTag(tag)}
            >
              {visibleText(tag)}
            </button>
          ))}
          {onNotes !== null && (
            <button
              type="button"
              className="link-button"
              aria-label={`${noteWord(run)}: ${visibleText(title)}, ${visibleText(id)}`}
              onClick={() => onNotes(run)}
            >
              {noteWord(run)}
            </button>
          )}
        </span>
      </th>
      <td>
        {headline === null ? (
          pending ? (
            '…'
          ) : (
            '–'
          )
        ) : (
          <>
            <span className="row-label">{capitalised(visibleText(headline.label))}</span>
            <MetricValue metric={headline.metric} kind={headline.unit} withoutN />
          </>
        )}
      </td>
      <td>{headline === null || headline.level === 'unknown' ? '–' : <LevelMark level={headline.level} />}</td>
      <td>
        <RunStatusMark status={status} />
      </td>
      <td className="no-wrap">{seconds === null ? '–' : formatDuration(seconds * 1000)}</td>
      <td>
        <time dateTime={startedAt}>{formatTime(startedAt)}</time>
      </td>
    </tr>
  );
}
