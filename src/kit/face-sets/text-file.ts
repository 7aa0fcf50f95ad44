import { BiolensError } from '../../ground/errors.ts';
import { openRegularFile, readExactly } from '../tensor/node.ts';

/**
 * Reads a file of text whole.
 *
 * @throws BiolensError `input` naming the file: missing, no regular file, longer than `mostBytes`, not UTF-8
 */
export async function readTextFile(path: string, { mostBytes }: { readonly mostBytes: number }): Promise<string> {
  const { handle, size } = await openRegularFile(path);
  try {
    if (size > mostBytes)
      throw new BiolensError('input', `${path}: ${size} bytes, more than the limit of ${mostBytes}`, {
        details: { file: path },
      });
    const bytes = await readExactly(handle, 0, size);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      throw new BiolensError('input', `${path}: not a text in UTF-8`, { details: { file: path }, cause: error });
    }
  } finally {
    await handle.close();
  }
}
