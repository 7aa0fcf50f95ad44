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

/** An entry of the header's dictionary: a text, a word or a list of sizes. */
const ENTRY = /\s*['"](\w{1,40})['"]\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\([\d,\sL]*\))\s*(,|(?=\}))/y;
const KEYS = ['descr', 'fortran_order', 'shape'];
const MOST_AXES = 32;

/** The header's dictionary as Python writes it, each key once; null where it is not one of plain numbers. */
function readEntries(text: string, file: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  if (at === 0 || text.slice(0, at).trim() !== '{') return null;
  for (;;) {
    ENTRY.lastIndex = at;
    const match = ENTRY.exec(text);
    if (match === null) break;
    const [whole, key, value] = match;
    if (found.has(key!)) throw refuse(file, `the .npy header says "${key}" twice`);
    found.set(key!, value!.replace(/^['"]|['"]$/g, ''));
    at += whole.length;
  }
  const isWhole = text.slice(at).trim() === '}' && found.size === KEYS.length && KEYS.every(key => found.has(key));
  return isWhole ? found : null;
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
  const entries = readEntries(text, file);
  const [descr, order, sizes] = KEYS.map(key => entries?.get(key));
  if (descr === undefined || !/^(True|False)$/.test(order ?? '') || sizes?.startsWith('(') !== true)
    throw refuse(file, 'the .npy header is not of plain numbers');
  const match = /^([<>|=])([a-z])(\d+)$/.exec(descr);
  const type = match === null ? descr : `${match[2]}${match[3]}`;
  if (match === null || !isElementType(type)) {
    throw refuse(
      file,
      `elements of type "${descr.slice(0, 40)}" are not read (float16, float32, float64, int8, int16, int32, int64, uint8, bool are)`,
    );
  }
  const shape = sizes
    .slice(1, -1)
    .split(',')
    .map(part => part.trim().replace(/L$/, ''))
    .filter(part => part !== '')
    .map(Number);
  if (shape.length > MOST_AXES || shape.some(size => !Number.isSafeInteger(size)))
    throw refuse(file, 'the shape in the .npy header is malformed');
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
  if (found > wanted)
    throw refuse(file, `${found - wanted} bytes after its ${formatShape(header.shape)} belong to nothing`);
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
