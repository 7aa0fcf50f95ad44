import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';

/**
 * Finds out whether a folder can be written, or made where it is not there, without writing anything.
 *
 * @throws {BiolensError} `input` naming the folder and why not
 */
export async function checkWritable(folder: string): Promise<void> {
  let place = resolve(folder);
  for (;;) {
    try {
      const found = await stat(place);
      if (!found.isDirectory())
        throw new BiolensError(
          'input',
          `${folder}: ${place === resolve(folder) ? 'not a folder' : `${place} is not a folder`}`,
          {
            details: { file: folder },
          },
        );
      await access(place, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      const missing =
        error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
      const above = dirname(place);
      if (!missing || above === place) throw fileError(folder, error, 'write');
      place = above;
    }
  }
}
