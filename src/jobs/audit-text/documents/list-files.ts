import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { explainSystemError, fileError } from '../../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';

/** A file of texts. */
export interface TextFile {
  /** Path within what the user named, with `/` between its parts. */
  readonly file: string;
  readonly path: string;
  readonly bytes: number;
}

/** A file that was passed over, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

export interface ListedFiles {
  readonly files: readonly TextFile[];
  readonly skipped: readonly SkippedFile[];
}

/** Deeper folders are a loop or a mistake. */
const DEEPEST = 64;
/** Files of a corpus, at most. */
const MOST_FILES = 5_000_000;

/** Names are compared as their bytes are, so that every system lists a folder alike. */
const byName = (a: { readonly file: string }, b: { readonly file: string }): number =>
  Buffer.compare(Buffer.from(a.file), Buffer.from(b.file));

/**
 * The files of a corpus: the one named, or all in a folder and the folders below it, those that begin with a dot left out.
 *
 * @throws {BiolensError} `input` for a path that cannot be read, or a folder without files
 */
export async function listTextFiles(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ListedFiles> {
  const info = await stat(path).catch(error => {
    throw fileError(path, error);
  });
  const wrong = (why: string): BiolensError =>
    new BiolensError('input', `${path}: ${why}`, { details: { file: path } });
  if (info.isFile()) return { files: [{ file: basename(path), path, bytes: info.size }], skipped: [] };
  if (!info.isDirectory()) throw wrong('not a file or folder');
  const files: TextFile[] = [];
  const skipped: SkippedFile[] = [];
  const walk = async (folder: string, prefix: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) throw wrong(`folders more than ${DEEPEST} deep`);
    for await (const entry of await opendir(folder)) {
      throwIfAborted(signal);
      if (entry.name.startsWith('.')) continue;
      const file = prefix + entry.name;
      const place = join(folder, entry.name);
      if (entry.isDirectory()) {
        await walk(place, `${file}/`, depth + 1);
        continue;
      }
      const found = await stat(place).catch((error: unknown) => explainSystemError(error));
      // A link to a folder may lead anywhere, also back.
      if (typeof found === 'string') skipped.push({ file, reason: found });
      else if (found.isFile()) files.push({ file, path: place, bytes: found.size });
      else skipped.push({ file, reason: found.isDirectory() ? 'a link to a folder' : 'not a plain file' });
      if (files.length > MOST_FILES) throw wrong(`more than ${MOST_FILES} files`);
    }
  };
  await walk(path, '', 0).catch(error => {
    throw fileError(path, error);
  });
  if (files.length === 0)
    throw wrong(
      skipped.length === 0
        ? 'there are no files in it'
        : `no file in it can be read (${skipped[0]?.file}: ${skipped[0]?.reason})`,
    );
  return { files: files.sort(byName), skipped: skipped.sort(byName) };
}
