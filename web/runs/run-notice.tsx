import { type ReactNode, useEffect, useState } from 'react';
import type { HostedRun } from '../../src/ground/contracts/job.ts';
import type { Client } from '../client/client.ts';
import { visibleText } from '../text/visible-text.ts';

/** What the studio has to say of a run that it has worked on, beside its report: conditions that hold, or what went wrong at the end. */
export function RunNotice({ client, id }: { readonly client: Client; readonly id: string }): ReactNode {
  const [state, setState] = useState<HostedRun | null>(null);
  useEffect(() => client.followWork(id, { onNews: setState, onNone: () => setState(null) }), [client, id]);
  const lines = state === null ? [] : [...state.gates, ...(state.error === null ? [] : [state.error])];
  if (state === null || lines.length === 0) return null;
  return (
    <aside className="run-notice" aria-label="Conditions of this run">
      {state.gates.length > 0 && <p>Of the conditions that must not hold, this result meets:</p>}
      <ul>
        {lines.map(line => (
          <li key={line}>{visibleText(line)}</li>
        ))}
      </ul>
    </aside>
  );
}
