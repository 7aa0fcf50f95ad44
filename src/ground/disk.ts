import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BiolensError, messageOf } from './errors.ts';

/** What a system error means to the person whose file it is about. */
export function explainSystemError(error: unknown, verb: 'read' | 'write' = 'read'): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    ENOTDIR: 'not a folder',
    EISDIR: 'a folder, not a file',
    EACCES: `no permission to ${verb} it`,
    EPERM: `no permission to ${verb} it`,
    EEXIST: 'exists already',
    ELOOP: 'a symbolic link that leads back to itself',
    ENOSPC: 'no space left on the device',
    EDQUOT: 'the disk quota is used up',
    EROFS: 'the file system is read-only',
    ENAMETOOLONG: 'the name is too long',
  };
  return known[code] ?? messageOf(error);
}

/** A failed read or write as one line that names the file. */
export function fileError(path: string, error: unknown, verb: 'read' | 'write' = 'read'): BiolensError {
  if (error instanceof BiolensError) return error;
  return new BiolensError('input', `${path}: ${explainSystemError(error, verb)}`, {
    details: { file: path },
    cause: error,
  });
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
    throw fileError(path, error, 'write');
  }
}
