import { lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BinnedRuns } from '../../ground/contracts/index.ts';
import { explainSystemError, syncFolder } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Job } from '../../kit/job/index.ts';
import { type FoundRun, readRunRecord } from '../../kit/runs/index.ts';
import { lockHolder } from '../../kit/runs/lock.ts';

/** Folder within that of the runs that holds deleted ones; `listRuns` takes none of them for a run. */
export const BIN = '.bin';
const BINNED_NAME = /^\w[\w.~-]{0,219}$/;

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** The bin's own folder. @throws {BiolensError} `input` where something else has its name */
async function openBin(runsDir: string): Promise<string> {
  const bin = join(resolve(runsDir), BIN);
  await mkdir(bin, { mode: 0o700 }).catch(() => undefined);
  // A link would carry runs out of their folder.
  if (!(await lstat(bin)).isDirectory()) throw new BiolensError('input', `${bin}: expected a folder of deleted runs`);
  return bin;
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
    await syncFolder(resolve(to, '..'));
    await syncFolder(resolve(from, '..'));
  } catch (error) {
    throw new BiolensError('input', `${from}: ${explainSystemError(error, 'write')}`, { cause: error });
  }
}

/**
 * Moves a run into the bin.
 *
 * @returns its name there
 * @throws {BiolensError} `usage` while a process works on it
 */
export async function binRun({ path, record }: FoundRun, runsDir: string): Promise<string> {
  const holder = await lockHolder(path);
  if (holder !== undefined)
    throw new BiolensError('usage', `run ${record.id} is being worked on by process ${holder.pid}; stop it first`);
  const bin = await openBin(runsDir);
  let name = record.id;
  for (let count = 2; await exists(join(bin, name)); count++) name = `${record.id}~${count}`;
  await move(path, join(bin, name));
  return name;
}

/**
 * Puts a run back where it was.
 *
 * @param name its name in the bin
 * @returns its id
 * @throws {BiolensError} `usage` where there is no such run, or another one has its place
 */
export async function restoreRun(name: string, runsDir: string): Promise<string> {
  const path = join(await openBin(runsDir), name);
  const there = BINNED_NAME.test(name) && (await lstat(path).catch(() => null))?.isDirectory();
  if (!there) throw new BiolensError('usage', `there is no run "${name.slice(0, 220)}" in the bin`);
  const { id } = await readRunRecord(path);
  const [original = ''] = name.split('~');
  if (id !== original) throw new BiolensError('input', `${path}: the run calls itself ${id}`);
  const place = join(resolve(runsDir), id);
  if (await exists(place)) throw new BiolensError('usage', `there is another run ${id} already`);
  await move(path, place);
  return id;
}

/** The runs of the bin, the last begun first. */
export async function listBin(runsDir: string, jobs: readonly Job[]): Promise<BinnedRuns> {
  const bin = join(resolve(runsDir), BIN);
  const entries = await readdir(bin, { withFileTypes: true }).catch(() => []);
  const names = entries.filter(entry => entry.isDirectory() && BINNED_NAME.test(entry.name)).map(({ name }) => name);
  const rows = await Promise.all(
    names.map(async name => {
      const record = await readRunRecord(join(bin, name)).catch(() => null);
      if (record === null) return null;
      const job = jobs.find(({ kind }) => kind === record.kind);
      return { name, title: job?.titleOf?.(record.configuration) ?? record.id, kind: record.kind };
    }),
  );
  return rows.filter(row => row !== null).sort((a, b) => b.name.localeCompare(a.name));
}
