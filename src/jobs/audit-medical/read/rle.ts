import { BiolensError } from '../../../ground/errors.ts';

/** Segments of a frame, at most: three samples of four bytes. */
const MOST_SEGMENTS = 15;

/** Unpacks one segment (DICOM PS3.5, annex G.3): runs and literals by their first byte. */
function unpackSegment(
  bytes: Uint8Array,
  into: Uint8Array,
  { first, step, count }: { readonly first: number; readonly step: number; readonly count: number },
): void {
  let at = 0;
  let written = 0;
  while (written < count && at < bytes.length) {
    const head = bytes[at++]!;
    if (head === 128) continue;
    const length = head < 128 ? head + 1 : 257 - head;
    for (let k = 0; k < length && written < count; k++) {
      const value = head < 128 ? bytes[at + k] : bytes[at];
      if (value === undefined) throw new BiolensError('input', 'RLE pixels end too early');
      into[first + written++ * step] = value;
    }
    at += head < 128 ? length : 1;
  }
  if (written < count) throw new BiolensError('input', 'RLE pixels end too early');
}

/**
 * Unpacks a frame of RLE (DICOM PS3.5, annex G): one segment for each byte of each sample, the highest byte first.
 *
 * @returns little-endian values, samples side by side
 */
export function decodeRle(
  frame: Uint8Array,
  { pixels, samples, bytesEach }: { readonly pixels: number; readonly samples: number; readonly bytesEach: number },
): Uint8Array {
  if (frame.length < 64) throw new BiolensError('input', 'RLE pixels end too early');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = view.getUint32(0, true);
  if (count !== samples * bytesEach || count > MOST_SEGMENTS)
    throw new BiolensError('input', `RLE pixels have ${count} segments, expected ${samples * bytesEach}`);
  const into = new Uint8Array(pixels * samples * bytesEach);
  for (let segment = 0; segment < count; segment++) {
    const from = view.getUint32(4 + 4 * segment, true);
    const to = segment + 1 < count ? view.getUint32(8 + 4 * segment, true) : frame.length;
    if (from < 64 || from > to || to > frame.length) throw new BiolensError('input', 'damaged offsets of RLE pixels');
    const sample = Math.floor(segment / bytesEach);
    const byte = bytesEach - 1 - (segment % bytesEach);
    unpackSegment(frame.subarray(from, to), into, {
      first: sample * bytesEach + byte,
      step: samples * bytesEach,
      count: pixels,
    });
  }
  return into;
}
