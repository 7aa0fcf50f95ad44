import { BiolensError } from '../../../ground/errors.ts';

/** Bytes of so many entries of `bits` bits each, filled up to whole words. */
export function packedBytes(entries: number, bits: number): number {
  return 4 * Math.ceil((entries * bits) / 32);
}

/** The largest number of so many bits: what a sum is taken modulo, less one. */
export function maskOf(bits: number): number {
  return bits === 32 ? 0xffffffff : 2 ** bits - 1;
}

/** Bytes of keystream that mask an entry of `bits` bits: more would be computed for nothing. */
export const streamBytes = (bits: number): 3 | 4 => (bits <= 24 ? 3 : 4);

/** Entries that are worked on at once: a multiple of 32, so that each part of a packed vector begins with a word. */
export const PART_ENTRIES = 16_384;

/** Keystreams that are held at once. */
export const MOST_STREAMS = 8;

/** What is done with vectors, part by part: in plain JavaScript, or compiled with the same results. */
export interface VectorKernel {
  /**
   * Writes entries one after the other with `bits` bits each, the lowest first: 23 bits for a sum of 100 clients × 16 bits, where a word
   * would take 32. What is above the lowest `bits` bits of an entry is dropped.
   *
   * @param into whole words that begin at a multiple of four bytes
   */
  readonly pack: (entries: Uint32Array, into: Uint8Array, bits: number) => void;
  /** Adds packed entries modulo 2^32, which reduces to any smaller modulus. */
  readonly addPacked: (sum: Uint32Array, packed: Uint8Array, bits: number) => void;
  /** Adds keystreams of three or four bytes an entry modulo 2^32, or takes them off. */
  readonly addStreams: (
    entries: Uint32Array,
    streams: readonly { readonly bytes: Uint8Array; readonly sign: 1 | -1 }[],
    bytesEach: 3 | 4,
  ) => void;
}

/** Signed words, since unsigned ones above 2^31 would be computed as doubles. */
function wordsOf(bytes: Uint8Array): Int32Array {
  // The bytes may begin anywhere in their message; words must not.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}

const signed = (entries: Uint32Array): Int32Array => new Int32Array(entries.buffer, entries.byteOffset, entries.length);

function addTriples(into: Int32Array, bytes: Uint8Array, sign: 1 | -1): void {
  for (let i = 0, at = 0; i < into.length; i++, at += 3) {
    const value = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    into[i] = (sign > 0 ? into[i]! + value : into[i]! - value) | 0;
  }
}

/** The kernel in JavaScript. */
export const plainKernel: VectorKernel = {
  pack: (entries, into, bits) => {
    const words = new Int32Array(into.buffer, into.byteOffset, into.length / 4);
    const mask = maskOf(bits) | 0;
    let word = 0;
    let filled = 0;
    let at = 0;
    for (let i = 0; i < entries.length; i++) {
      const value = entries[i]! & mask;
      word |= value << filled;
      filled += bits;
      if (filled >= 32) {
        words[at++] = word;
        filled -= 32;
        word = filled === 0 ? 0 : (value >>> (bits - filled)) | 0;
      }
    }
    if (filled > 0) words[at] = word;
  },
  addPacked: (sum, packed, bits) => {
    const words = wordsOf(packed);
    const into = signed(sum);
    const mask = maskOf(bits) | 0;
    const { length } = words;
    let word = length > 0 ? words[0]! : 0;
    let used = 0;
    let at = 0;
    for (let i = 0; i < into.length; i++) {
      let value = (word >>> used) | 0;
      const have = 32 - used;
      if (have > bits) used += bits;
      else {
        at++;
        word = at < length ? words[at]! : 0;
        if (have < bits) value |= word << have;
        used = bits - have;
      }
      into[i] = (into[i]! + (value & mask)) | 0;
    }
  },
  addStreams: (entries, streams, bytesEach) => {
    const into = signed(entries);
    for (const { bytes, sign } of streams) {
      if (bytesEach === 3) {
        addTriples(into, bytes, sign);
        continue;
      }
      const words = wordsOf(bytes);
      for (let i = 0; i < into.length; i++) into[i] = (sign > 0 ? into[i]! + words[i]! : into[i]! - words[i]!) | 0;
    }
  },
};

/** Packs a whole vector; see {@link VectorKernel}. */
export function packBits(entries: Uint32Array, bits: number, kernel: VectorKernel = plainKernel): Uint8Array {
  const packed = new Uint8Array(packedBytes(entries.length, bits));
  for (let start = 0; start < entries.length; start += PART_ENTRIES) {
    const part = entries.subarray(start, start + PART_ENTRIES);
    const at = (start * bits) / 8;
    kernel.pack(part, packed.subarray(at, at + packedBytes(part.length, bits)), bits);
  }
  return packed;
}

/**
 * Adds a packed vector to a sum modulo 2^32.
 *
 * @throws {BiolensError} `input` for another number of bytes than the sum's entries take
 */
export function addPacked(
  sum: Uint32Array,
  packed: Uint8Array,
  { bits, kernel = plainKernel }: { readonly bits: number; readonly kernel?: VectorKernel },
): void {
  const expected = packedBytes(sum.length, bits);
  if (packed.length !== expected)
    throw new BiolensError(
      'input',
      `vector: expected ${expected} bytes for ${sum.length} entries of ${bits} bits, got ${packed.length}`,
    );
  for (let start = 0; start < sum.length; start += PART_ENTRIES) {
    const part = sum.subarray(start, start + PART_ENTRIES);
    const at = (start * bits) / 8;
    kernel.addPacked(part, packed.subarray(at, at + packedBytes(part.length, bits)), bits);
  }
}
