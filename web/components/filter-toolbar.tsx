import type { ReactNode } from 'react';
import { formatCount } from '../text/format.ts';

export interface FilterToolbarProps {
  /** What one item is called. */
  readonly noun: string;
  readonly shown: number;
  readonly all: number;
  /** Takes all filters back; null where there is none. */
  readonly onClear: (() => void) | null;
  readonly onExport: () => void;
  /** The fields. */
  readonly children: ReactNode;
}

/** What a table of items is narrowed to, how many are left, and their export. */
export function FilterToolbar({ noun, shown, all, onClear, onExport, children }: FilterToolbarProps): ReactNode {
  return (
    <search className="toolbar" aria-label={`Filter the ${noun}s`}>
      {children}
      <div className="toolbar-end">
        <output className="note" aria-live="polite">
          {shown === all ? '' : `${formatCount(shown)} of `}
          {formatCount(all)} {noun}s
        </output>
        {onClear !== null && (
          <button type="button" className="button" onClick={onClear}>
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
