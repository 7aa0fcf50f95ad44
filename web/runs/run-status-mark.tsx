import type { ReactNode } from 'react';
import type { RunStatus } from '../../src/ground/contracts/run.ts';

const WORDS: Readonly<Record<RunStatus, string>> = {
  running: 'Running',
  interrupted: 'Interrupted',
  failed: 'Failed',
  done: 'Done',
};

/** How a run stands, as a word with a mark. */
export function RunStatusMark({ status }: { readonly status: RunStatus }): ReactNode {
  return <span className={`run-status run-${status}`}>{WORDS[status]}</span>;
}
