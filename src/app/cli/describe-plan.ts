import type { JobPlan } from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { formatTable } from '../../kit/text/table.ts';
import { wrap } from '../../kit/text/wrap.ts';

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function memory(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toPrecision(2)} GB`;
}

/** What a job would do, for a terminal of 80 columns. */
export function describePlan({
  job,
  command,
  plan,
}: {
  readonly job: string;
  readonly command: string;
  readonly plan: JobPlan;
}): string {
  const { reads, writes, seconds, basis, memoryBytes } = plan;
  const rows = [
    ...reads.map(({ what, path, amount }) => ['reads', what, amount, path]),
    ...writes.map(({ what, path }) => ['writes', what, '', path]),
  ];
  const time = seconds === null ? `Time: ${basis}` : `Time: about ${duration(seconds)}, ${basis}`;
  return [
    `${job}: nothing was done; what can be checked before the work is right.\n`,
    formatTable(
      [{ title: '' }, { title: 'what' }, { title: 'amount', maxWidth: 20 }, { title: 'where', maxWidth: 36 }],
      rows,
    ),
    `${wrap(time, 80, '')}\n`,
    memoryBytes === null ? '' : `Memory: ${memory(memoryBytes)} or more\n`,
    `${printable(command)}\n`,
  ].join('');
}
