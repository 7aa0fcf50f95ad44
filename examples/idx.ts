import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Pictures of digits, in the order of their file. */
export interface Digits {
  /** `[n, 28, 28]`, 0 (paper) … 255 (ink). */
  readonly pixels: Uint8Array;
  /** `[n]`, 0 … 9. */
  readonly labels: Uint8Array;
}

const HEADER = { images: 16, labels: 8 } as const;
const MAGIC = { images: 2051, labels: 2049 } as const;
export const SIDE = 28;

function readIdx(path: string, kind: 'images' | 'labels'): Uint8Array {
  const bytes = gunzipSync(readFileSync(path));
  const magic = bytes.readUInt32BE(0);
  if (magic !== MAGIC[kind])
    throw new Error(`${path}: expected IDX ${kind}, which begin with ${MAGIC[kind]}, got ${magic}`);
  const count = bytes.readUInt32BE(4);
  const data = bytes.subarray(HEADER[kind]);
  if (data.length !== count * (kind === 'images' ? SIDE * SIDE : 1))
    throw new Error(`${path}: ${data.length} bytes do not make ${count} ${kind}`);
  return data;
}

/** Reads one half of MNIST (LeCun, Cortes and Burges) from its gzipped IDX files. */
export function readDigits(folder: string, part: 'train' | 't10k'): Digits {
  const pixels = readIdx(join(folder, `${part}-images-idx3-ubyte.gz`), 'images');
  const labels = readIdx(join(folder, `${part}-labels-idx1-ubyte.gz`), 'labels');
  if (pixels.length !== labels.length * SIDE * SIDE)
    throw new Error(`${folder}: ${part} has more or fewer labels than images`);
  return { pixels, labels };
}
