import { opendir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FolderList } from '../../ground/contracts/index.ts';
import { explainSystemError, isInside } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';

/** Names that one look at a folder gives; a set of images can have a million. */
const MOST_NAMES = 1000;
const MOST_ENTRIES = 20_000;

type Entry = FolderList['folders'][number];

/** What stands in a folder, by names alone: folders and files, after symbolic links, that lie in the roots. */
async function entriesOf(
  folder: string,
  roots: readonly string[],
): Promise<{ readonly folders: Entry[]; readonly files: Entry[]; readonly cut: boolean }> {
  const folders: Entry[] = [];
  const files: Entry[] = [];
  let seen = 0;
  for await (const entry of await opendir(folder)) {
    if (++seen > MOST_ENTRIES || folders.length >= MOST_NAMES) return { folders, files, cut: true };
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    let [isFolder, isFile] = [entry.isDirectory(), entry.isFile()];
    if (entry.isSymbolicLink()) {
      const status = (await isInside(path, roots)) ? await stat(path).catch(() => null) : null;
      [isFolder, isFile] = [status?.isDirectory() ?? false, status?.isFile() ?? false];
    }
    if (isFolder) folders.push({ name: entry.name, path });
    else if (isFile && files.length < MOST_NAMES) files.push({ name: entry.name, path });
  }
  return { folders, files, cut: files.length >= MOST_NAMES };
}

const byName = (a: Entry, b: Entry): number => a.name.localeCompare(b.name, 'en', { numeric: true });

/**
 * Lists a folder for whoever picks a path.
 *
 * Adversary: whoever may ask the studio, but not read all of its user's files. Nothing outside the roots is listed, and whether anything is
 * there cannot be told from the answer.
 *
 * @param path null for the roots themselves
 * @throws {BiolensError} `usage` for a path outside the roots; `input` for one within them that cannot be read
 */
export async function listFolder(path: string | null, roots: readonly string[]): Promise<FolderList> {
  if (path === null || path === '') {
    const folders = await Promise.all(roots.map(async root => await realpath(resolve(root)).catch(() => null)));
    return {
      path: null,
      parent: null,
      folders: folders.filter(root => root !== null).map(root => ({ name: root, path: root })),
      files: [],
      cut: false,
    };
  }
  const outside = new BiolensError(
    'usage',
    `"path" ${path} lies outside the folders that may be used: ${roots.join(', ')}`,
  );
  if (path.includes('\0') || !(await isInside(path, roots))) throw outside;
  let place: string;
  let found: Awaited<ReturnType<typeof entriesOf>>;
  try {
    place = await realpath(resolve(path));
    // The path may have become a link since it was looked at.
    if (!(await isInside(place, roots))) throw outside;
    found = await entriesOf(place, roots);
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw new BiolensError('input', `${path}: ${explainSystemError(error)}`, { cause: error });
  }
  const above = dirname(place);
  return {
    path: place,
    parent: basename(place) !== '' && (await isInside(above, roots)) ? above : null,
    folders: found.folders.sort(byName),
    files: found.files.sort(byName),
    cut: found.cut,
  };
}
