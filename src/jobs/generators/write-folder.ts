import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError, syncFolder, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';

/**
 * Checks that a folder holds nothing that writing it would lose.
 *
 * @param names files and folders that are written into it, and may be replaced
 * @returns whether the folder is there
 * @throws {BiolensError} `input` naming the folder, when it holds something else or is none
 */
export async function checkReplaceable(folder: string, names: readonly string[]): Promise<boolean> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw fileError(folder, error, 'write');
  });
  if (found?.some(name => !names.includes(name)))
    throw new BiolensError('input', `${folder}: holds other files; name a new or empty folder`, {
      details: { file: folder },
    });
  return found !== null;
}

/**
 * Writes a folder of files so that either all of them are there or none: they are written beside it and moved to its name.
 *
 * @param files contents by path within the folder
 * @throws {BiolensError} `input` when the folder holds files that are not among those written, or cannot be written.
 */
export async function writeFolder(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const target = resolve(folder);
  const isThere = await checkReplaceable(
    folder,
    Object.keys(files).map(path => path.split('/')[0]!),
  );
  let fresh: string | undefined;
  let old: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    fresh = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    for (const [path, content] of Object.entries(files)) {
      const file = join(fresh, path);
      await mkdir(dirname(file), { recursive: true });
      await writeAtomically(file, content);
    }
    if (isThere) {
      old = `${fresh}-old`;
      await rename(target, old);
    }
    await rename(fresh, target);
    fresh = undefined;
    await syncFolder(dirname(target));
  } catch (error) {
    if (old !== undefined && fresh !== undefined) await rename(old, target).catch(() => undefined);
    throw fileError(folder, error, 'write');
  } finally {
    if (fresh !== undefined) await rm(fresh, { recursive: true, force: true });
    else if (old !== undefined) await rm(old, { recursive: true, force: true });
  }
}
