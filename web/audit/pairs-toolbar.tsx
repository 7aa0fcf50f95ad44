import { type ReactNode, useId } from 'react';
import { formatCount } from '../text/format.ts';
import { FIRST_QUERY, isFiltered, type PairQuery } from './pair-view.ts';

export interface PairsToolbarProps {
  readonly query: PairQuery;
  readonly onChange: (query: PairQuery) => void;
  readonly shown: number;
  readonly all: number;
  readonly onExport: () => void;
}

/** What the table of pairs is narrowed to, how many are left, and their export. */
export function PairsToolbar({ query, onChange, shown, all, onExport }: PairsToolbarProps): ReactNode {
  const id = useId();
  return (
    <search className="toolbar" aria-label="Filter the pairs">
      <label className="field grow" htmlFor={`${id}-text`}>
        <span>File name</span>
        <input
          id={`${id}-text`}
          type="search"
          value={query.text}
          placeholder="Part of a name"
          spellCheck={false}
          autoComplete="off"
          onChange={event => onChange({ ...query, text: event.currentTarget.value })}
        />
      </label>
      <fieldset className="field">
        <legend>Similarity</legend>
        <LimitInput label="at least" value={query.low} onChange={low => onChange({ ...query, low })} />
        <LimitInput label="at most" value={query.high} onChange={high => onChange({ ...query, high })} />
      </fieldset>
      <label className="check" htmlFor={`${id}-copies`}>
        <input
          id={`${id}-copies`}
          type="checkbox"
          checked={query.onlyCopies}
          onChange={event => onChange({ ...query, onlyCopies: event.currentTarget.checked })}
        />
        Only copies
      </label>
      <div className="toolbar-end">
        <output className="note" aria-live="polite">
          {shown === all ? `${formatCount(all)} pairs` : `${formatCount(shown)} of ${formatCount(all)} pairs`}
        </output>
        {isFiltered(query) && (
          <button type="button" className="button" onClick={() => onChange({ ...FIRST_QUERY, sort: query.sort })}>
            Clear
          </button>
        )}
        <button type="button" className="button" onClick={onExport} disabled={shown === 0}>
          Export CSV
        </button>
      </div>
    </search>
  );
}

interface LimitInputProps {
  readonly label: string;
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}

function LimitInput({ label, value, onChange }: LimitInputProps): ReactNode {
  return (
    <input
      type="number"
      aria-label={`Similarity ${label}`}
      placeholder={label}
      min={-1}
      max={1}
      step={0.05}
      value={value ?? ''}
      onChange={event => {
        const number = event.currentTarget.valueAsNumber;
        onChange(Number.isNaN(number) ? null : number);
      }}
    />
  );
}
