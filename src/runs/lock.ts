import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { BiolensError } from '../errors.ts';
import { fileError } from './files.ts';

const holderSchema = z.object({ pid: z.number().int(), host: z.string() });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The process that holds a run, if it lives; a process of another host is taken to. */
export async function lockHolder(
  runPath: string,
): Promise<{ readonly pid: number; readonly host: string } | undefined> {
  const text = await readFile(join(runPath, 'lock'), 'utf8').catch(() => '');
  let holder: z.infer<typeof holderSchema>;
  try {
    holder = holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
  return holder.host !== hostname() || isAlive(holder.pid) ? holder : undefined;
}

/**
 * Keeps a second process from working on the same run. The lock of a process that died is taken over.
 *
 * @returns a function that gives the lock back.
 * @throws {BiolensError} `usage` when a living process holds it.
 */
export async function lockRun(runPath: string): Promise<() => Promise<void>> {
  const path = join(runPath, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }));
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw fileError(path, error);
    }
    const holder = await lockHolder(runPath);
    if (holder !== undefined) {
      throw new BiolensError('usage', `${runPath}: process ${holder.pid} on ${holder.host} is working on this run`);
    }
    // Renaming succeeds for one process alone, so two that find a dead lock do not both remove it.
    const dead = `${path}.dead.${process.pid}`;
    await rename(path, dead).catch(() => undefined);
    await rm(dead, { force: true });
  }
  throw new BiolensError('usage', `${runPath}: another process is taking this run`);
}
