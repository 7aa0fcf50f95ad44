import { BiolensError } from '../../../ground/errors.ts';

/** Bytes of so many entries of `bits` bits each, filled up to whole words. */
export function packedBytes(entries: number, bits: number): number {
  return 4 * Math.ceil((entries * bits) / 32);
}

/** The largest number of so many bits: what a sum is taken modulo, less one. */
export function maskOf(bits: number): number {
  return bits === 32 ? 0xffffffff : 2 ** bits - 1;
}

/**
 * Writes entries one after the other with `bits` bits each, the lowest first: 23 bits for a sum of 100 clients × 16 bits, where a word
 * would take 32.
 *
 * @param entries `[n]`; what is above the lowest `bits` bits is dropped
 */
export function packBits(entries: Uint32Array, bits: number): Uint8Array {
  const words = new Int32Array(packedBytes(entries.length, bits) / 4);
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
  return new Uint8Array(words.buffer);
}

/**
 * Adds packed entries to a sum modulo 2^32, which reduces to any smaller modulus.
 *
 * @throws {BiolensError} `input` for another number of bytes than the sum's entries take
 */
export function addPacked(sum: Uint32Array, packed: Uint8Array, bits: number): void {
  const expected = packedBytes(sum.length, bits);
  if (packed.length !== expected)
    throw new BiolensError(
      'input',
      `vector: expected ${expected} bytes for ${sum.length} entries of ${bits} bits, got ${packed.length}`,
    );
  // The bytes may begin anywhere in their message; words must not.
  const aligned = packed.byteOffset % 4 === 0 ? packed : packed.slice();
  // As signed words throughout: unsigned ones above 2^31 would be computed as doubles.
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, packed.length / 4);
  const into = new Int32Array(sum.buffer, sum.byteOffset, sum.length);
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
}
