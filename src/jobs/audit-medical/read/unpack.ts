import { createGunzip } from 'node:zlib';
import { BiolensError } from '../../../ground/errors.ts';
import { isNifti, niftiBytes } from './read-nifti.ts';

/** What is not NIfTI has at most so many bytes, unpacked. */
const MOST_UNPACKED = 2 ** 30;
/** Enough to see what a file is, and how long it says it is. */
const HEAD_BYTES = 1024;

/**
 * The bytes of a file, unpacked where it is packed as gzip: of NIfTI no more than its first volume takes, and of anything else no more than 1 GiB. Memory grows
 * with what was unpacked, so that a bomb costs as much as its limit and no more.
 *
 * @throws {BiolensError} `input` for a damaged file, and for one that is longer than its limit
 */
export async function unpack(packed: Uint8Array): Promise<Uint8Array> {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed;
  const pieces: Uint8Array[] = [];
  let size = 0;
  let needed = MOST_UNPACKED;
  let known = false;
  const gunzip = createGunzip();
  gunzip.end(packed);
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      pieces.push(piece);
      size += piece.length;
      if (!known && size >= HEAD_BYTES) {
        const head = Buffer.concat(pieces);
        known = true;
        if (isNifti(head)) needed = niftiBytes(head);
      }
      if (size >= needed && needed < MOST_UNPACKED) break;
      if (size > MOST_UNPACKED) throw new BiolensError('input', `more than ${MOST_UNPACKED} bytes when unpacked`);
    }
  } catch (error) {
    throw error instanceof BiolensError ? error : new BiolensError('input', 'a damaged gzip file', { cause: error });
  }
  return Buffer.concat(pieces);
}
