import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { BiolensError, messageOf } from '../errors.ts';

/** System errors of writing, in the words of the person whose disk it is. */
const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission to write',
  EPERM: 'no permission to write',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'not a folder',
  EISDIR: 'is a folder',
  EEXIST: 'exists already',
};

/** A failed read or write as one line that names the file. */
export function fileError(path: string, error: unknown): BiolensError {
  if (error instanceof BiolensError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new BiolensError('input', `${path}: ${WORDS[code] ?? messageOf(error)}`, {
    details: { file: path },
    cause: error,
  });
}

/** The first thing that is wrong with a value, with the field where there is one. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const field = issue?.path.join('.') ?? '';
  return field === '' ? (issue?.message ?? 'invalid') : `"${field}" ${issue?.message}`;
}

/** Makes a rename or a new file in a folder survive a loss of power; systems that cannot are left alone. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  }
}

/** Numbers the temporary files of this process, so that two writes of one file at once do not share one. */
let written = 0;
const TEMPORARY = /\.(\d+)\.\d+\.tmp$/;

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Removes what {@link writeAtomically} left in a folder when its process was killed, as far as that is possible. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const file of await readdir(folder).catch(() => [])) {
    const [, pid] = TEMPORARY.exec(file) ?? [];
    if (pid !== undefined && isGone(Number(pid))) await rm(join(folder, file), { force: true }).catch(() => undefined);
  }
}

/**
 * Writes a file so that at any instant either the old or the new content is there, and after the promise resolves the new one
 * survives a loss of power.
 *
 * @throws BiolensError `input` naming the file; nothing half-written is left
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.${written++}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // What went wrong first is what the caller has to hear of.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(path, error);
  }
}

/** A value as the text of a JSON file. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
