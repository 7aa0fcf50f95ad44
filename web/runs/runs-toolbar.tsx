import { type ReactNode, useMemo } from 'react';
import type { RunList } from '../../src/ground/contracts/report.ts';
import { SearchField, SelectField } from '../components/fields.tsx';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { FIRST_QUERY, isFiltered, type RunQuery, SORT_CHOICES, sharedData, sortId } from './run-query.ts';

export interface RunsToolbarProps {
  readonly runs: RunList;
  readonly query: RunQuery;
  readonly onChange: (query: RunQuery) => void;
  readonly shown: number;
}

const ALL = { id: '', title: 'All' };

/** What the list of runs is narrowed to. */
export function RunsToolbar({ runs, query, onChange, shown }: RunsToolbarProps): ReactNode {
  const kinds = useMemo(() => [...new Set(runs.map(({ kind }) => kind))].sort(), [runs]);
  const tags = useMemo(() => [...new Set(runs.flatMap(run => run.tags))].sort(), [runs]);
  const data = useMemo(() => sharedData(runs), [runs]);
  const choicesOf = (names: readonly string[]) => [ALL, ...names.map(id => ({ id, title: visibleText(id) }))];
  return (
    <search className="toolbar" aria-label="Filter the runs">
      <SearchField
        label="Search"
        placeholder="Title, note or tag"
        value={query.text}
        onChange={text => onChange({ ...query, text })}
      />
      {kinds.length > 1 && (
        <SelectField
          label="Kind"
          value={query.kind}
          choices={choicesOf(kinds)}
          onChange={kind => onChange({ ...query, kind })}
        />
      )}
      {tags.length > 0 && (
        <SelectField
          label="Tag"
          value={query.tag}
          choices={choicesOf(tags)}
          onChange={tag => onChange({ ...query, tag })}
        />
      )}
      {data.length > 0 && (
        <SelectField
          label="Same data or model"
          value={query.digest}
          choices={[ALL, ...data.map(({ digest, title }) => ({ id: digest, title: visibleText(title) }))]}
          onChange={digest => onChange({ ...query, digest })}
        />
      )}
      <div className="narrow-only">
        <SelectField
          label="Sort by"
          value={sortId(query.sort)}
          choices={SORT_CHOICES}
          onChange={id => {
            const sort = SORT_CHOICES.find(choice => choice.id === id)?.sort;
            if (sort !== undefined) onChange({ ...query, sort });
          }}
        />
      </div>
      <div className="toolbar-end">
        <output className="note" aria-live="polite">
          {shown === runs.length ? '' : `${formatCount(shown)} of `}
          {formatCount(runs.length)} runs
        </output>
        {isFiltered(query) && (
          <button type="button" className="button" onClick={() => onChange({ ...FIRST_QUERY, sort: query.sort })}>
            Clear
          </button>
        )}
      </div>
    </search>
  );
}
