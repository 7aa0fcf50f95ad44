import { realpath, stat } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { explainSystemError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';

/**
 * The real path of a plain file of a benchmark, by a name that the benchmark itself gives. Benchmarks come from strangers and images go to model
 * servers, so that no name, and no symbolic link, leads out of the folder; and no pipe or device is waited for.
 *
 * @param root the real path of the folder
 * @throws {BiolensError} `input` naming the file
 */
export async function fileInside(
  root: string,
  name: string,
  { mostBytes, of = "the benchmark's folder" }: { readonly mostBytes: number; readonly of?: string },
): Promise<string> {
  const wrong = (why: string, cause?: unknown): BiolensError =>
    new BiolensError('input', `${name}: ${why}`, { details: { file: name }, cause });
  const isIn = (path: string): boolean => path.startsWith(root.endsWith(sep) ? root : root + sep);
  if (!isIn(join(root, normalize(name)))) throw wrong(`outside ${of}`);
  let path: string;
  let info: Awaited<ReturnType<typeof stat>>;
  try {
    path = await realpath(join(root, name));
    info = await stat(path);
  } catch (cause) {
    throw wrong(explainSystemError(cause), cause);
  }
  if (!isIn(path)) throw wrong(`a symbolic link leads out of ${of}; put the file itself there, or a hard link to it`);
  if (info.isDirectory()) throw wrong('a folder, not a file');
  if (!info.isFile()) throw wrong('not a plain file');
  if (info.size > mostBytes)
    throw wrong(`${info.size.toLocaleString('en-US')} bytes, more than ${mostBytes.toLocaleString('en-US')}`);
  return path;
}
