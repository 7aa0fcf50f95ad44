import type { ReactNode } from 'react';
import { SelectField } from '../components/fields.tsx';
import { formatShare } from '../text/format.ts';
import type { Entry } from './entries.ts';
import { modelName } from './model-name.ts';

export interface ModelChoiceProps {
  readonly entries: readonly Entry[];
  readonly entry: Entry | null;
  readonly onChoose: (name: string) => void;
}

/** Which model the page is about; nothing to choose where there is one. */
export function ModelChoice({ entries, entry, onChoose }: ModelChoiceProps): ReactNode {
  if (entries.length < 2 || entry === null) return null;
  const choices = entries.map(({ name, score: { overall } }) => ({
    id: name,
    title: overall.value === null ? modelName(name) : `${modelName(name)} · ${formatShare(overall.value)}`,
  }));
  return (
    <div className="toolbar">
      <SelectField label="Results below are of" value={entry.name} choices={choices} onChange={onChoose} />
    </div>
  );
}
