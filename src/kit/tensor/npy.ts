import { BiolensError } from '../../ground/errors.ts';
import { type ElementLayout, elementsToFloat32, isElementType } from './elements.ts';
import { type DType, formatShape, sizeOf, type TensorData } from './types.ts';

/** What the header of a `.npy` file says (NumPy Enhancement Proposal 1). */
export interface NpyHeader extends ElementLayout {
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the numbers begin. */
  readonly offset: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Longest header that is read: NumPy's own limit for files it does not trust. */
export const NPY_HEADER_LIMIT = 10_000;

function refuse(file: string, message: string): BiolensError {
  return new BiolensError('input', `${file}: ${message}`, { details: { file } });
}

function entry(text: string, key: string, pattern: string): string | undefined {
  return new RegExp(`['"]${key}['"]\\s*:\\s*${pattern}`).exec(text)?.[1];
}

/**
 * Reads the header from the first bytes of a file.
 *
 * @param bytes the first `NPY_HEADER_LIMIT` bytes, or fewer if the file is shorter.
 * @throws {BiolensError} `input` naming the file when it is no `.npy` file or holds a type that is not plain numbers.
 */
export function readNpyHeader(bytes: Uint8Array, { file = 'array' }: { readonly file?: string } = {}): NpyHeader {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw refuse(file, 'not a .npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6]!;
  const start = major === 1 ? 10 : 12;
  if (major < 1 || major > 3 || bytes.length < start) throw refuse(file, `.npy version ${major} is not known`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > Math.min(bytes.length, NPY_HEADER_LIMIT))
    throw refuse(file, 'the .npy header is cut short or too long');
  const text = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = entry(text, 'descr', `['"]([^'"]*)['"]`);
  const order = entry(text, 'fortran_order', '(True|False)');
  const sizes = entry(text, 'shape', '\\(([\\d,\\s]*)\\)');
  if (descr === undefined || order === undefined || sizes === undefined)
    throw refuse(file, 'the .npy header is not of plain numbers');
  const match = /^([<>|=])([a-z])(\d+)$/.exec(descr);
  const type = match === null ? descr : `${match[2]}${match[3]}`;
  if (match === null || !isElementType(type)) {
    throw refuse(
      file,
      `elements of type "${descr}" are not read (float16, float32, float64, int32, int64, uint8, bool are)`,
    );
  }
  const shape = sizes
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(Number);
  if (!Number.isSafeInteger(sizeOf(shape))) throw refuse(file, `shape ${formatShape(shape)} is too large`);
  return {
    type,
    littleEndian: match[1] !== '>',
    fortranOrder: order === 'True',
    shape,
    offset: start + length,
    bytesPerElement: Number(match[3]),
  };
}

/**
 * Reads a whole `.npy` file as float32, in row-major order whatever the file's is.
 *
 * @throws {BiolensError} `input` naming the file when it is no `.npy` file, or shorter than its shape says.
 */
export function readNpy(
  bytes: Uint8Array,
  { file = 'array' }: { readonly file?: string } = {},
): TensorData & { readonly dtype: 'float32' } {
  const header = readNpyHeader(bytes.subarray(0, NPY_HEADER_LIMIT), { file });
  const wanted = sizeOf(header.shape) * header.bytesPerElement;
  const found = bytes.length - header.offset;
  if (found < wanted)
    throw refuse(file, `cut short: ${formatShape(header.shape)} takes ${wanted} bytes, ${found} are there`);
  const data = elementsToFloat32(bytes.subarray(header.offset, header.offset + wanted), header);
  return { dtype: 'float32', shape: header.shape, data: header.fortranOrder ? toRowMajor(data, header.shape) : data };
}

/** Column-major numbers in row-major order. */
export function toRowMajor(data: Float32Array, shape: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const out = new Float32Array(data.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[index.reduce((at, position, axis) => at + position * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return out;
}

const DESCRIPTIONS: Readonly<Record<DType, string>> = {
  float32: '<f4',
  float16: '<f2',
  int32: '<i4',
  int64: '<i8',
  uint8: '|u1',
  bool: '|b1',
};

/** The header of a `.npy` file (version 1.0), padded so that the numbers begin at a multiple of 64 bytes. */
export function writeNpyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(total).fill(32);
  bytes.set(MAGIC);
  bytes[6] = 1;
  bytes[7] = 0;
  new DataView(bytes.buffer).setUint16(8, total - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[total - 1] = 10;
  return bytes;
}

/** A tensor as the bytes of a `.npy` file. */
export function writeNpy({ dtype, shape, data }: TensorData): Uint8Array {
  const header = writeNpyHeader(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}
