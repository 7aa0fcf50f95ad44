import { inflateSync } from 'node:zlib';
import { BiolensError, messageOf } from '../../../ground/errors.ts';

/** A value of a MATLAB file. Arrays are column-major, as they are stored. */
export type MatValue =
  | { readonly kind: 'numbers'; readonly size: readonly number[]; readonly values: ArrayLike<number> }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'cells'; readonly size: readonly number[]; readonly cells: readonly MatValue[] }
  | { readonly kind: 'struct'; readonly size: readonly number[]; readonly elements: readonly MatFields[] };

export type MatFields = ReadonlyMap<string, MatValue>;

/** Bytes that a compressed variable may become; `imdb.mat`, the largest that is read here, has about 200 million. */
const MOST_INFLATED = 2 ** 30;

interface NumberType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

/** By data type (MAT-File Format, version 5, table 1-1). */
const NUMBERS: Readonly<Record<number, NumberType>> = {
  1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  2: { bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  4: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  5: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  6: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  7: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  9: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  12: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  13: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  17: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
};
const MATRIX = 14;
const COMPRESSED = 15;
const UTF8 = 16;

const CLASS = { cell: 1, struct: 2, char: 4, firstNumber: 6, lastNumber: 15 } as const;

/**
 * Reads a MATLAB file of version 5 to 7.2 (MathWorks, "MAT-File Format"): numeric arrays, text, cell arrays and structs, plain or
 * compressed, of either byte order.
 *
 * @throws {BiolensError} `input` naming `file`: another format (version 7.3 is HDF5), cut short, or a kind of value that label files
 *   do not have (sparse arrays, objects, complex numbers).
 */
export function readMat(bytes: Uint8Array, file: string): MatFields {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 128));
  const order = text.slice(126, 128);
  if (text.startsWith('MATLAB 7.3')) throw refuse(file, 'MATLAB 7.3 files are not read; save it again with -v7');
  if (!text.startsWith('MATLAB 5.0') || (order !== 'IM' && order !== 'MI'))
    throw refuse(file, 'not a MATLAB file of version 5');
  try {
    const reader = new Reader(bytes.subarray(128), order === 'IM');
    const variables = new Map<string, MatValue>();
    while (!reader.ended) {
      const { name, value } = reader.variable();
      if (value !== null) variables.set(name, value);
    }
    return variables;
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw refuse(file, error instanceof RangeError ? 'cut short or damaged' : messageOf(error));
  }
}

const refuse = (file: string, why: string): BiolensError => new BiolensError('input', `${file}: ${why}`);

interface Element {
  readonly type: number;
  readonly body: Uint8Array;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, little: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = little;
  }

  get ended(): boolean {
    return this.#at + 8 > this.#bytes.length;
  }

  element(): Element {
    const first = this.#view.getUint32(this.#at, this.#little);
    // Up to four bytes are stored within the tag: size and type share its first word.
    const small = first >>> 16;
    if (small > 0) {
      const body = this.#cut(this.#at + 4, small);
      this.#at += 8;
      return { type: first & 0xffff, body };
    }
    const size = this.#view.getUint32(this.#at + 4, this.#little);
    const body = this.#cut(this.#at + 8, size);
    // Compressed elements are not padded to eight bytes.
    this.#at += 8 + (first === COMPRESSED ? size : Math.ceil(size / 8) * 8);
    return { type: first, body };
  }

  #cut(from: number, size: number): Uint8Array {
    if (from + size > this.#bytes.length) throw new RangeError('past the end');
    return this.#bytes.subarray(from, from + size);
  }

  variable(): { readonly name: string; readonly value: MatValue | null } {
    const { type, body } = this.element();
    if (type === COMPRESSED)
      return new Reader(inflateSync(body, { maxOutputLength: MOST_INFLATED }), this.#little).variable();
    if (type !== MATRIX) throw new Error(`data type ${type} is not read`);
    // An empty array inside a cell may be stored as nothing at all.
    if (body.length === 0) return { name: '', value: { kind: 'numbers', size: [0, 0], values: [] } };
    return new Reader(body, this.#little).#matrix();
  }

  #matrix(): { readonly name: string; readonly value: MatValue | null } {
    const [flags = 0] = this.#numbers();
    const size = [...this.#numbers()];
    const name = decodeText(this.element(), this.#little);
    const kind = flags & 0xff;
    const count = size.reduce((product, n) => product * n, 1);
    // The table of a class that MATLAB itself appends has no name and is no variable.
    if (kind > CLASS.lastNumber) return { name, value: null };
    if ((flags & 0x800) !== 0) throw new Error(`"${name}" has complex numbers, which are not read`);
    if (kind === CLASS.cell) return { name, value: { kind: 'cells', size, cells: this.#values(count) } };
    if (kind === CLASS.struct) return { name, value: { kind: 'struct', size, elements: this.#elements(count) } };
    if (kind === CLASS.char) return { name, value: { kind: 'text', text: decodeText(this.element(), this.#little) } };
    if (kind < CLASS.firstNumber) throw new Error(`"${name}" is of class ${kind}, which is not read`);
    const values = this.#numbers();
    if (values.length !== count) throw new RangeError('array of another size');
    return { name, value: { kind: 'numbers', size, values } };
  }

  #values(count: number): MatValue[] {
    const values: MatValue[] = [];
    for (let i = 0; i < count; i++) {
      const { value } = this.variable();
      if (value === null) throw new Error('a value of a class that is not read');
      values.push(value);
    }
    return values;
  }

  #elements(count: number): MatFields[] {
    const [width = 1] = this.#numbers();
    const list = decodeText(this.element(), this.#little);
    const names = Array.from({ length: Math.floor(list.length / width) }, (_, i) =>
      list.slice(i * width, (i + 1) * width).replace(/\0.*$/s, ''),
    );
    return Array.from({ length: count }, () => {
      const values = this.#values(names.length);
      return new Map(names.map((name, i) => [name, values[i]!]));
    });
  }

  #numbers(): Float64Array {
    return decodeNumbers(this.element(), this.#little);
  }
}

function decodeNumbers({ type, body }: Element, little: boolean): Float64Array {
  const kind = NUMBERS[type];
  if (kind === undefined) throw new Error(`data type ${type} is not read`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const values = new Float64Array(Math.floor(body.length / kind.bytes));
  for (let i = 0; i < values.length; i++) values[i] = kind.read(view, i * kind.bytes, little);
  return values;
}

function decodeText(element: Element, little: boolean): string {
  if (element.type === UTF8) return new TextDecoder().decode(element.body);
  let text = '';
  for (const code of decodeNumbers(element, little)) text += String.fromCharCode(code);
  return text;
}
