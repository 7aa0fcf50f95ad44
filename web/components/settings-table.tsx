import type { ReactNode } from 'react';
import { formatNumber } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { DataTable } from './data-table.tsx';
import { Folded } from './folded.tsx';

/** Settings of a run by their names in its configuration. */
export function SettingsTable({
  settings,
}: {
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
}): ReactNode {
  return (
    <Folded summary="All settings">
      <DataTable
        caption="Settings by their names in the configuration"
        captionHidden
        rows={Object.entries(settings)}
        keyOf={([name]) => name}
        columns={[
          { id: 'name', header: 'Setting', cell: ([name]) => <span className="setting-name">{wordsOf(name)}</span> },
          { id: 'value', header: 'Value', cell: ([, value]) => settingText(value) },
        ]}
      />
    </Folded>
  );
}

function settingText(value: string | number | boolean | null): string {
  if (value === null) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? formatNumber(value) : visibleText(value);
}
