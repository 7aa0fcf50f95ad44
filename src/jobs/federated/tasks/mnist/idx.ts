import { BiolensError } from '../../../../ground/errors.ts';
import { CLASSES, SIDE } from '../models.ts';

/** Images of digits with their labels. */
export interface Digits {
  /** `[n, 28, 28]`, 0 (paper) … 255 (ink). */
  readonly pixels: Uint8Array;
  /** `[n]`, 0 … 9. */
  readonly labels: Uint8Array;
}

/** How an IDX file of bytes begins: its magic number, then the size of each axis. */
const KINDS = {
  images: { magic: 0x803, header: 16, each: SIDE * SIDE },
  labels: { magic: 0x801, header: 8, each: 1 },
} as const;

export const MOST_DIGITS = 1_000_000;

/**
 * The data of an IDX file of MNIST (LeCun, Cortes and Burges), uncompressed.
 *
 * @throws {BiolensError} `input` naming the file and what is wrong
 */
export function readIdx(bytes: Uint8Array, kind: keyof typeof KINDS, file: string): Uint8Array {
  const { magic, header, each } = KINDS[kind];
  const refuse = (why: string): never => {
    throw new BiolensError('input', `${file}: ${why}`);
  };
  if (bytes.length < header) refuse(`${bytes.length} bytes, too short for the heading of an IDX file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== magic)
    refuse(`expected IDX ${kind}, which begin with 0x${magic.toString(16)}, got 0x${view.getUint32(0).toString(16)}`);
  const count = view.getUint32(4);
  if (count < 1 || count > MOST_DIGITS) refuse(`${count} ${kind}, expected 1 to ${MOST_DIGITS}`);
  if (kind === 'images' && (view.getUint32(8) !== SIDE || view.getUint32(12) !== SIDE))
    refuse(`images of ${view.getUint32(8)} × ${view.getUint32(12)}, expected ${SIDE} × ${SIDE}`);
  if (bytes.length !== header + count * each)
    refuse(`${bytes.length} bytes, expected ${header + count * each} for ${count} ${kind}`);
  return bytes.subarray(header);
}

/** @throws {BiolensError} `input` where images and labels do not belong together */
export function joinDigits(pixels: Uint8Array, labels: Uint8Array, folder: string): Digits {
  if (pixels.length !== labels.length * SIDE * SIDE)
    throw new BiolensError(
      'input',
      `${folder}: ${pixels.length / (SIDE * SIDE)} images and ${labels.length} labels of one set`,
    );
  const wrong = labels.findIndex(label => label >= CLASSES);
  if (wrong >= 0) throw new BiolensError('input', `${folder}: label ${wrong} is ${labels[wrong]}, expected 0 to 9`);
  return { pixels, labels };
}
