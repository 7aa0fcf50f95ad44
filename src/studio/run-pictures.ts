import { realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { RunRecord, SetName } from '../contracts/index.ts';

/**
 * Path of a picture that a run looked at: a file within the folder of one of the run's sets, and nothing else, whatever the name
 * says; links that lead out of the folder are refused too.
 *
 * @returns null where there is no such picture.
 */
export async function findPicture(record: RunRecord, set: SetName, file: string): Promise<string | null> {
  const source = record.configuration[set];
  if (typeof source !== 'string' || file === '' || file.includes('\0')) return null;
  const candidate = resolve(source, file);
  if (!candidate.startsWith(resolve(source) + sep)) return null;
  try {
    const [folder, path] = await Promise.all([realpath(source), realpath(candidate)]);
    return path.startsWith(folder + sep) && (await stat(path)).isFile() ? path : null;
  } catch {
    return null;
  }
}
