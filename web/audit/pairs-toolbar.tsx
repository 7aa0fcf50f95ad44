import type { ReactNode } from 'react';
import { CheckField, SearchField } from '../components/fields.tsx';
import { FilterToolbar } from '../components/filter-toolbar.tsx';
import { FIRST_QUERY, isFiltered, type PairQuery } from './pair-view.ts';

export interface PairsToolbarProps {
  readonly query: PairQuery;
  readonly onChange: (query: PairQuery) => void;
  readonly shown: number;
  readonly all: number;
  readonly onExport: () => void;
}

/** What the table of pairs is narrowed to. */
export function PairsToolbar({ query, onChange, shown, all, onExport }: PairsToolbarProps): ReactNode {
  return (
    <FilterToolbar
      noun="pair"
      shown={shown}
      all={all}
      onClear={isFiltered(query) ? () => onChange({ ...FIRST_QUERY, sort: query.sort }) : null}
      onExport={onExport}
    >
      <SearchField
        label="File name"
        placeholder="Part of a name"
        value={query.text}
        onChange={text => onChange({ ...query, text })}
      />
      <fieldset className="field">
        <legend>Similarity</legend>
        <LimitInput label="at least" value={query.low} onChange={low => onChange({ ...query, low })} />
        <LimitInput label="at most" value={query.high} onChange={high => onChange({ ...query, high })} />
      </fieldset>
      <CheckField
        label="Only copies"
        checked={query.onlyCopies}
        onChange={onlyCopies => onChange({ ...query, onlyCopies })}
      />
    </FilterToolbar>
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
