import { BiolensError } from '../../../ground/errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Values of this many bytes and more are kept as they are until the whole is written, once. */
const LARGE = 1024;

/**
 * Appends protocol buffer fields (protobuf.dev/programming-guides/encoding). Large values, a model's weights above all, are
 * not copied before {@link ProtoWriter.finish}: they are not to change until then.
 */
export class ProtoWriter {
  /** What is written, in order, but for the bytes since `#from`. */
  readonly #parts: Uint8Array[] = [];
  #partsLength = 0;
  #bytes = new Uint8Array(64);
  #from = 0;
  #length = 0;

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #append(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#partsLength += part.length;
  }

  /** Makes the small fields since the last large one a part of their own. */
  #closePart(): void {
    this.#append(this.#bytes.subarray(this.#from, this.#length));
    this.#from = this.#length;
  }

  #raw(value: Uint8Array): void {
    if (value.length >= LARGE) {
      this.#closePart();
      this.#append(value);
      return;
    }
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  int(field: number, value: number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    this.#raw(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: ProtoWriter): this {
    value.#closePart();
    this.#varint(field * 8 + 2);
    this.#varint(value.#partsLength);
    for (const part of value.#parts) this.#raw(part);
    return this;
  }

  /** What was written. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#closePart();
    const whole = new Uint8Array(this.#partsLength);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A field as it stands on the wire: a number for varints, bytes (a view) for length-delimited and fixed ones. */
export interface ProtoField {
  readonly number: number;
  readonly value: number | Uint8Array;
}

function malformed(): BiolensError {
  return new BiolensError('input', 'not a protocol buffer, or cut short');
}

/**
 * Walks the fields of one message without copying.
 *
 * @throws {BiolensError} `input` where a length or a tag does not fit the bytes.
 */
export function* readFields(bytes: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
    throw malformed();
  };
  const take = (length: number): Uint8Array => {
    if (!(length >= 0 && at + length <= bytes.length)) throw malformed();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number < 1) throw malformed();
    const wire = tag % 8;
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 1) yield { number, value: take(8) };
    else if (wire === 2) yield { number, value: take(varint()) };
    else if (wire === 5) yield { number, value: take(4) };
    else throw malformed();
  }
}

/** Text of a length-delimited field. */
export function textOf(field: ProtoField): string {
  return field.value instanceof Uint8Array ? decoder.decode(field.value) : '';
}

/** Bytes of a length-delimited field. */
export function bytesOf(field: ProtoField): Uint8Array {
  return field.value instanceof Uint8Array ? field.value : new Uint8Array();
}

/** Integers of a field, packed or not. */
export function integersOf(field: ProtoField): number[] {
  if (typeof field.value === 'number') return [field.value];
  const numbers: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of field.value) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte < 128) {
      numbers.push(Number(BigInt.asIntN(64, value)));
      value = 0n;
      shift = 0n;
    } else if (shift > 63n) throw malformed();
  }
  return numbers;
}
