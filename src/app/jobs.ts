import { BiolensError } from '../ground/errors.ts';
import { type Job, suggest } from '../kit/job/index.ts';
import * as list from './job-list.ts';

/** Every job there is, in the order of their verbs. */
export const JOBS: readonly Job[] = Object.values<Job>(list).sort((a, b) => (a.verb < b.verb ? -1 : 1));

/**
 * Finds a job by its kind or its verb.
 *
 * @throws {BiolensError} `input` naming the jobs there are
 */
export function findJob(name: string, jobs: readonly Job[] = JOBS): Job {
  const found = jobs.find(({ kind, verb }) => kind === name || verb === name);
  if (found !== undefined) return found;
  const known = jobs.map(({ kind }) => kind);
  throw new BiolensError(
    'input',
    `there is no job "${name}"${suggest(name, known) || `, there are ${known.join(', ')}`}`,
  );
}
