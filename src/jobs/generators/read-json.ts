import { BiolensError } from '../../ground/errors.ts';
import { parseJson } from '../../kit/tensor/json.ts';
import { openRegularFile, readExactly } from '../../kit/tensor/node.ts';

/** Longest configuration that is read; diffusers' are a few kB, the index of shards some 100 kB. */
const MOST_BYTES = 8_000_000;

/**
 * Reads a JSON file of a model's folder, with the words that Python writes for infinities.
 *
 * @throws {BiolensError} `input` naming the file.
 */
export async function readJson(path: string): Promise<unknown> {
  const { handle, size } = await openRegularFile(path);
  try {
    if (size > MOST_BYTES)
      throw new BiolensError('input', `${path}: ${size} bytes are too long for a configuration`, {
        details: { file: path },
      });
    return parseJson(new TextDecoder().decode(await readExactly(handle, 0, size)), { file: path });
  } finally {
    await handle.close();
  }
}
