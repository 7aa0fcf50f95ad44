import { type ReactNode, useId } from 'react';
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
  const id = useId();
  if (entries.length < 2 || entry === null) return null;
  return (
    <div className="toolbar">
      <label className="field" htmlFor={id}>
        <span>Results below are of</span>
        <select id={id} value={entry.name} onChange={event => onChoose(event.currentTarget.value)}>
          {entries.map(({ name, score }) => (
            <option key={name} value={name}>
              {modelName(name)}
              {score.overall.value === null ? '' : ` · ${formatShare(score.overall.value)}`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
