import { BiolensError } from '../../../../ground/errors.ts';

/** SEAL's files begin with 16 bytes: magic, size of this header, version, compression, and the size of it all. */
const HEADER_BYTES = 16;
const MAGIC = 0xa15e;
const VERSION_MAJOR = 4;
const UNCOMPRESSED = 0;

/**
 * Refuses a blob that SEAL itself would not have written for us, before SEAL sees it: another magic or version, compressed (a small file could
 * unpack to any size), or of another size than it says.
 *
 * @throws {BiolensError} `input` naming `field`
 */
export function checkBlob(blob: Uint8Array, field: string): void {
  const wrong = (why: string): BiolensError => new BiolensError('input', `${field}: ${why}`, { details: { field } });
  if (blob.length < HEADER_BYTES) throw wrong('cut short');
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (view.getUint16(0, true) !== MAGIC || blob[2] !== HEADER_BYTES) throw wrong('not written by SEAL');
  if (blob[3] !== VERSION_MAJOR) throw wrong(`written by SEAL ${blob[3]}, expected ${VERSION_MAJOR}`);
  if (blob[5] !== UNCOMPRESSED) throw wrong('compressed, which is refused');
  if (view.getUint32(12, true) !== 0 || view.getUint32(8, true) !== blob.length)
    throw wrong('its length is not what it says');
}

/** Where a plaintext's coefficients begin: header, identity of its parameters, count, scale, header of the list, count again. */
const COEFFICIENTS_AT = 88;
const COUNT_AT = 48;

/**
 * Writes and reads BFV plaintexts by their coefficients, which node-seal 7 gives no other access to.
 *
 * @param blank what SEAL saves for a plaintext of `count` zeros
 */
export class CoefficientWriter {
  readonly #blank: Uint8Array;
  readonly #words: Uint32Array;
  readonly #modulus: number;

  constructor(blank: Uint8Array, { count, modulus }: { readonly count: number; readonly modulus: number }) {
    if (blank.length !== COEFFICIENTS_AT + 8 * count)
      throw new BiolensError('external', `SEAL saves a plaintext of ${count} coefficients in ${blank.length} bytes`);
    this.#blank = Uint8Array.from(blank);
    this.#words = new Uint32Array(this.#blank.buffer, COEFFICIENTS_AT, 2 * count);
    this.#modulus = modulus;
  }

  /**
   * @param values one coefficient each, from `start` on in steps of `step`; the rest are zero
   * @returns bytes for `loadFromArray`, valid until the next call
   */
  write(
    values: Int16Array,
    { start = 0, step = 1 }: { readonly start?: number; readonly step?: number } = {},
  ): Uint8Array {
    const words = this.#words;
    words.fill(0);
    for (let i = 0, from = start; 2 * i < words.length && from < values.length; i++, from += step) {
      const value = values[from]!;
      words[2 * i] = value < 0 ? value + this.#modulus : value;
    }
    return this.#blank;
  }
}

/** The first `count` coefficients of a saved plaintext, as numbers around zero. */
export function readCoefficients(
  saved: Uint8Array,
  { count, modulus }: { readonly count: number; readonly modulus: number },
): Int32Array {
  const view = new DataView(saved.buffer, saved.byteOffset, saved.byteLength);
  const there = Math.min(count, view.getUint32(COUNT_AT, true));
  const out = new Int32Array(count);
  for (let i = 0; i < there; i++) {
    const value = view.getUint32(COEFFICIENTS_AT + 8 * i, true);
    out[i] = value > modulus / 2 ? value - modulus : value;
  }
  return out;
}
