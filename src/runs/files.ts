import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
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

/**
 * Writes a file so that at any instant either the old or the new content is there, and after the promise resolves the new one
 * survives a loss of power.
 *
 * @throws {BiolensError} `input` naming the file; nothing half-written is left.
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
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
    await rm(temporary, { force: true });
    throw fileError(path, error);
  }
}

/** A value as the text of a JSON file. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
