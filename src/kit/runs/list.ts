import { access, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { RunRecord } from '../../ground/contracts/run.ts';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { lockHolder } from './lock.ts';
import { DEFAULT_RUNS_DIR, readRunRecord } from './run.ts';

/** A run as it stands on the disk; one that says it is running while no process works on it was interrupted. */
export interface FoundRun {
  readonly path: string;
  readonly record: RunRecord;
}

/** A run as it stands, by its record: one that nobody works on any more was interrupted, whatever it says. */
export async function asItStands({ path, record }: FoundRun): Promise<FoundRun> {
  if (record.status !== 'running' || (await lockHolder(path)) !== undefined) return { path, record };
  return { path, record: { ...record, status: 'interrupted' } };
}

/** No such file: what cannot be read for another reason is a run that is broken. */
async function isMissing(path: string): Promise<boolean> {
  return await access(path).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  );
}

/**
 * Lists the runs of a folder, newest first. Folders that are no runs are passed over; those whose `run.json` cannot be read come
 * back under `broken` with the reason. A folder that is not there holds no runs.
 */
export async function listRuns(runsDir: string = DEFAULT_RUNS_DIR): Promise<{
  readonly runs: readonly FoundRun[];
  readonly broken: readonly { readonly id: string; readonly reason: string }[];
}> {
  const folder = resolve(runsDir);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw fileError(folder, error);
  });
  const runs: FoundRun[] = [];
  const broken: { id: string; reason: string }[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (await isMissing(join(path, 'run.json'))) continue;
    try {
      runs.push(await asItStands({ path, record: await readRunRecord(path) }));
    } catch (error) {
      broken.push({ id: entry.name, reason: messageOf(error) });
    }
  }
  const startOf = ({ record }: FoundRun) => record.provenance.startedAt;
  runs.sort((a, b) => startOf(b).localeCompare(startOf(a)) || b.record.id.localeCompare(a.record.id));
  return { runs, broken };
}

/**
 * Finds a run by its id, by a part of it that no other run's id has, or by `latest`.
 *
 * @param kind runs of other kinds are passed over
 * @throws BiolensError `input` when none or several fit.
 */
export async function findRun(
  id: string,
  runsDir: string = DEFAULT_RUNS_DIR,
  { kind }: { readonly kind?: string } = {},
): Promise<FoundRun> {
  const { runs: all, broken } = await listRuns(runsDir);
  const runs = kind === undefined ? all : all.filter(({ record }) => record.kind === kind);
  const exact = id === 'latest' ? runs[0] : runs.find(({ record }) => record.id === id);
  if (exact !== undefined) return exact;
  const fitting = runs.filter(({ record }) => record.id.includes(id));
  if (fitting.length === 1 && fitting[0] !== undefined) return fitting[0];
  const [damaged] = broken.filter(one => one.id === id || (fitting.length === 0 && one.id.includes(id)));
  if (damaged !== undefined) throw new BiolensError('input', `run ${damaged.id} cannot be read: ${damaged.reason}`);
  const other = kind === undefined ? undefined : all.find(({ record }) => record.id === id);
  if (other !== undefined)
    throw new BiolensError('input', `${id} is a run of "${other.record.kind}", expected one of "${kind}"`);
  const what = kind === undefined ? 'run' : `${kind} run`;
  if (fitting.length === 0) throw new BiolensError('input', `there is no ${what} "${id}" in ${resolve(runsDir)}`);
  throw new BiolensError(
    'input',
    `"${id}" fits ${fitting.length} runs: ${fitting.map(({ record }) => record.id).join(', ')}`,
  );
}
