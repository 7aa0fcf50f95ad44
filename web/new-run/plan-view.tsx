import type { ReactNode } from 'react';
import type { PlannedJob } from '../../src/ground/contracts/job.ts';
import { DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { formatBytes, formatDuration } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { CopyButton } from './copy-button.tsx';

/** What a job would read, write and take, and the command that does the same. */
export function PlanView({ planned }: { readonly planned: PlannedJob }): ReactNode {
  const { plan, command } = planned;
  const rows = [
    ...plan.reads.map(({ what, path, amount }) => ({ does: 'Reads', what, amount, path })),
    ...plan.writes.map(({ what, path }) => ({ does: 'Writes', what, amount: '–', path })),
  ];
  return (
    <section className="plan" aria-labelledby="plan-title">
      <h2 id="plan-title">What this would do</h2>
      <DataTable
        caption="What is read and written"
        captionHidden
        layout="runs"
        rows={rows}
        keyOf={({ does, what, path }) => `${does}/${what}/${path}`}
        columns={[
          { id: 'what', header: 'What', cell: ({ does, what }) => `${does} ${visibleText(what)}` },
          { id: 'amount', header: 'Amount', cell: ({ amount }) => visibleText(amount) },
          { id: 'path', header: 'Where', cell: ({ path }) => <FileName name={path} whole /> },
        ]}
      />
      <Facts
        items={[
          { term: 'Time', value: timeText(plan.seconds, plan.basis) },
          {
            term: 'Memory',
            value: plan.memoryBytes === null ? 'little' : `${formatBytes(plan.memoryBytes)} or more`,
          },
        ]}
      />
      <h3>The command that does the same</h3>
      <pre className="configuration">{visibleText(command)}</pre>
      <CopyButton text={command} label="Copy the command" />
    </section>
  );
}

function timeText(seconds: number | null, basis: string): string {
  const why = visibleText(basis);
  return seconds === null ? capitalised(why) : `About ${formatDuration(seconds * 1000)}, ${why}`;
}
