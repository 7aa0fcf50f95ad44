import { BiolensError } from '../../../ground/errors.ts';

const UTF8 = new TextEncoder();

/** Writes numbers and bytes one after the other, little-endian: equal values give equal bytes, so that they can be signed. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Makes room for so many bytes more; returns where they begin. */
  #grow(more: number): number {
    const start = this.#length;
    this.#length += more;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  /** Bytes whose number the reader knows. */
  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Bytes after their number. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  text(text: string): this {
    return this.bytes(UTF8.encode(text));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/**
 * Reads what {@link ByteWriter} has written, from bytes of a stranger: every length is held against what is left and against a limit before
 * memory is taken.
 *
 * @throws {BiolensError} `input` naming what was read and where it ends too early
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  refuse(why: string): never {
    throw new BiolensError('input', `${this.#what}: ${why}`);
  }

  #take(count: number): number {
    if (count > this.left) this.refuse(`ends after ${this.#bytes.length} bytes, expected ${count - this.left} more`);
    const start = this.#at;
    this.#at += count;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view into the message, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  bytes(most: number): Uint8Array {
    const count = this.u32();
    if (count > most) this.refuse(`a part of ${count} bytes, expected at most ${most}`);
    return this.raw(count);
  }

  text(most: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes(most));
    } catch (error) {
      if (error instanceof BiolensError) throw error;
      return this.refuse('a text that is not UTF-8');
    }
  }

  /** A count of things of which each takes at least so many bytes. */
  count(most: number, bytesEach: number): number {
    const count = this.u32();
    if (count > most) this.refuse(`${count} entries, expected at most ${most}`);
    if (count * bytesEach > this.left) this.refuse(`${count} entries announced, ${this.left} bytes left`);
    return count;
  }

  end(): void {
    if (this.left > 0) this.refuse(`${this.left} bytes too many`);
  }
}

/** Whether two byte strings are equal; their length alone shows in the time it takes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** @throws {BiolensError} `input` for anything but pairs of hexadecimal digits */
export function fromHex(text: string, what = 'bytes'): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text))
    throw new BiolensError('input', `${what}: expected hexadecimal digits in pairs`);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
