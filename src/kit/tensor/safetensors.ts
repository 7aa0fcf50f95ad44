import { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { type ElementType, elementsToFloat32 } from './elements.ts';
import { parseJson } from './json.ts';
import { type DataOf, type DType, sizeOf, type TensorData } from './types.ts';

// Format: an unsigned 64-bit length, that many bytes of JSON, then the tensors' bytes (huggingface/safetensors, README "Format").

/** Longest header that the format allows. */
const HEADER_LIMIT = 100_000_000;
/** Most tensors that are read; the largest face models have a few thousand. */
const MOST_TENSORS = 20_000;
/** An entry takes about 8 values: itself, its type, its shape and sizes, its offsets. */
const MOST_VALUES = 12 * MOST_TENSORS;
const MOST_AXES = 32;

interface FileType {
  readonly dtype: DType;
  readonly bytesPerElement: number;
  /** Elements that become float32. */
  readonly converted?: ElementType;
}

const TYPES = new Map<string, FileType>([
  ['F32', { dtype: 'float32', bytesPerElement: 4 }],
  ['F16', { dtype: 'float16', bytesPerElement: 2 }],
  ['I32', { dtype: 'int32', bytesPerElement: 4 }],
  ['I64', { dtype: 'int64', bytesPerElement: 8 }],
  ['U8', { dtype: 'uint8', bytesPerElement: 1 }],
  ['BOOL', { dtype: 'bool', bytesPerElement: 1 }],
  ['BF16', { dtype: 'float32', bytesPerElement: 2, converted: 'bf16' }],
  ['F64', { dtype: 'float32', bytesPerElement: 8, converted: 'f8' }],
]);
const FILE_NAMES: Readonly<Record<DType, string>> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  bool: 'BOOL',
};
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()).max(MOST_AXES),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

/** Where one tensor of a file is. */
export interface SafetensorsEntry {
  readonly name: string;
  /** What it is read as: BF16 and F64 as float32. */
  readonly dtype: DType;
  /** The file's own name of the type. */
  readonly type: string;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: readonly SafetensorsEntry[];
}

function refuse(file: string, message: string): BiolensError {
  return new BiolensError('input', `${file}: ${message}`, { details: { file } });
}

/** Length of the header, which the first eight bytes of the file give. */
export function safetensorsHeaderLength(
  bytes: Uint8Array,
  { file = 'tensors' }: { readonly file?: string } = {},
): number {
  if (bytes.length < 8) throw refuse(file, 'not a safetensors file');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length < 2 || length > HEADER_LIMIT) throw refuse(file, 'not a safetensors file');
  return length;
}

/** A tensor's entry in the header, against what its type and shape take. */
function checkEntry(name: string, value: unknown, { file, start }: { readonly file: string; readonly start: number }) {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) throw refuse(file, `tensor "${name}": its entry is malformed`);
  const { dtype: type, shape, data_offsets: offsets } = entry.data;
  const known = TYPES.get(type);
  if (known === undefined)
    throw refuse(file, `tensor "${name}": type ${type} is not read (${[...TYPES.keys()].join(', ')} are)`);
  const byteLength = offsets[1] - offsets[0];
  if (byteLength !== sizeOf(shape) * known.bytesPerElement)
    throw refuse(file, `tensor "${name}": ${byteLength} bytes do not fill [${shape.join(', ')}]`);
  return { name, dtype: known.dtype, type, shape, offset: start + offsets[0], byteLength };
}

/** Checks that the tensors follow one another from the first byte after the header to the last of the file, as the reference reader does. */
function checkCover(
  entries: readonly SafetensorsEntry[],
  { file, start, fileBytes }: { readonly file: string; readonly start: number; readonly fileBytes: number },
): void {
  let end = start;
  let before = 'the header';
  for (const { name, offset, byteLength } of entries.toSorted(
    (a, b) => a.offset - b.offset || a.byteLength - b.byteLength,
  )) {
    if (offset < end) throw refuse(file, `tensor "${name}" shares bytes with ${before}`);
    if (offset > end)
      throw refuse(file, `${offset - end} bytes between ${before} and tensor "${name}" belong to nothing`);
    end = offset + byteLength;
    before = `tensor "${name}"`;
    if (end > fileBytes)
      throw refuse(file, `cut short: tensor "${name}" ends at byte ${end}, the file has ${fileBytes}`);
  }
  if (end < fileBytes) throw refuse(file, `${fileBytes - end} bytes after ${before} belong to nothing`);
}

/**
 * Reads which tensors a file holds, from its first `8 + header length` bytes. As the reference reader does, it refuses tensors that overlap, bytes
 * that belong to no tensor, and names that are there twice.
 *
 * @param options.fileBytes size of the whole file, which the tensors must fill.
 * @throws {BiolensError} `input` naming the file and the tensor.
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  { file = 'tensors', fileBytes }: { readonly file?: string; readonly fileBytes: number },
): SafetensorsHeader {
  const length = safetensorsHeaderLength(bytes, { file });
  const start = 8 + length;
  if (start > bytes.length) throw refuse(file, 'the safetensors header is cut short');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start));
  } catch {
    throw refuse(file, 'the safetensors header is not UTF-8');
  }
  const header = headerSchema.safeParse(parseJson(text, { file: `${file}: header`, mostValues: MOST_VALUES }));
  if (!header.success) throw refuse(file, 'the safetensors header is not an object');
  const { __metadata__: notes = {}, ...tensors } = header.data;
  const metadata = metadataSchema.safeParse(notes);
  if (!metadata.success) throw refuse(file, '"__metadata__" expected texts by name');
  const entries = Object.entries(tensors).map(([name, value]) => checkEntry(name, value, { file, start }));
  checkCover(entries, { file, start, fileBytes });
  return { metadata: metadata.data, entries };
}

/** A tensor from its bytes. */
export function readSafetensorsEntry({ type, dtype, shape }: SafetensorsEntry, bytes: Uint8Array): TensorData {
  const { converted, bytesPerElement } = TYPES.get(type)!;
  if (converted !== undefined) {
    const data = elementsToFloat32(bytes, { type: converted, littleEndian: true, bytesPerElement });
    return { dtype: 'float32', shape, data };
  }
  // A copy, because the file's offsets need not be multiples of the element size. (Not slice, which is a view of Node's buffers.)
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const { buffer } = whole ? bytes : new Uint8Array(bytes);
  const arrays: { readonly [D in DType]: () => TensorData & { readonly data: DataOf[D] } } = {
    float32: () => ({ dtype: 'float32', shape, data: new Float32Array(buffer) }),
    float16: () => ({ dtype: 'float16', shape, data: new Uint16Array(buffer) }),
    int32: () => ({ dtype: 'int32', shape, data: new Int32Array(buffer) }),
    int64: () => ({ dtype: 'int64', shape, data: new BigInt64Array(buffer) }),
    uint8: () => ({ dtype: 'uint8', shape, data: new Uint8Array(buffer) }),
    bool: () => ({ dtype: 'bool', shape, data: new Uint8Array(buffer) }),
  };
  return arrays[dtype]();
}

/**
 * Reads all tensors of a safetensors file; BF16 and F64 become float32.
 *
 * @throws {BiolensError} `input` naming the file and the tensor.
 */
export function readSafetensors(
  bytes: Uint8Array,
  { file = 'tensors' }: { readonly file?: string } = {},
): { readonly tensors: Readonly<Record<string, TensorData>>; readonly metadata: Readonly<Record<string, string>> } {
  const { entries, metadata } = readSafetensorsHeader(bytes, { file, fileBytes: bytes.length });
  const tensors = entries.map(entry => [
    entry.name,
    readSafetensorsEntry(entry, bytes.subarray(entry.offset, entry.offset + entry.byteLength)),
  ]);
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** Writes tensors in the order of their names, so that equal tensors make equal bytes. */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorData>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    header[name] = { dtype: FILE_NAMES[dtype], shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(32, 8, 8 + length);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const name of names) {
    const { data } = tensors[name]!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
