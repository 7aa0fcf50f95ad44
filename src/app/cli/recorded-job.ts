import { join } from 'node:path';
import type { RunRecord } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { fieldsOf, type Job, valueAt } from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';

/** The job of a recorded run. */
export function jobOf(
  { record, path }: { readonly record: RunRecord; readonly path: string },
  jobs: readonly Job[],
): Job {
  const job = jobs.find(({ kind }) => kind === record.kind);
  if (job !== undefined) return job;
  const known = jobs.map(({ kind }) => kind).join(', ');
  throw new BiolensError('input', `${join(path, 'run.json')}: a run of "${record.kind}", known are ${known}`);
}

/**
 * Refuses a recorded configuration that names a command.
 *
 * Adversary: whoever made the run's folder, which can come from a stranger.
 */
export function refuseCommands(job: Job, record: RunRecord): void {
  for (const { path, meta } of fieldsOf(job.configuration)) {
    const command = valueAt(record.configuration, path);
    if (meta.is === 'command' && typeof command === 'string')
      throw new BiolensError(
        'usage',
        `run ${record.id} runs a command: ${printable(command)}; --allow-command lets it`,
      );
  }
}
