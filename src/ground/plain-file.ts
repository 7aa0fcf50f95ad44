import { stat } from 'node:fs/promises';
import { explainSystemError } from './disk.ts';
import { BiolensError } from './errors.ts';

/**
 * Refuses what is no file that can be read whole: a folder, a pipe that would be waited for, a device, a file larger than it may be.
 *
 * @param name what messages call it
 * @throws {BiolensError} `input` naming the file
 */
export async function checkPlainFile(
  path: string,
  { name, mostBytes }: { readonly name: string; readonly mostBytes: number },
): Promise<void> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new BiolensError('input', `${name}: ${explainSystemError(cause)}`, { details: { file: path }, cause });
  });
  const wrong = info.isFile()
    ? info.size > mostBytes &&
      `${info.size.toLocaleString('en-US')} bytes, more than ${mostBytes.toLocaleString('en-US')}`
    : 'not a plain file';
  if (wrong !== false) throw new BiolensError('input', `${name}: ${wrong}`, { details: { file: path } });
}
