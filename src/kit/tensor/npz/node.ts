import type { FileHandle } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { BiolensError } from '../../../ground/errors.ts';
import { readExactly } from '../tensor-file/node.ts';

// PKWARE's APPNOTE, §4.3; what numpy.savez and numpy.savez_compressed write.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MOST_END_BYTES = 22 + 65535;
const MOST_ENTRIES = 1000;
const MOST_DIRECTORY_BYTES = 1_000_000;
/** Largest array that is unpacked into memory. */
const MOST_UNPACKED = 1_000_000_000;

/** Bytes that are read by their place, of a file or of memory. */
export interface Bytes {
  readonly size: number;
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

function refuse(file: string, message: string): BiolensError {
  return new BiolensError('input', `${file}: ${message}`, { details: { file } });
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

async function listEntries(handle: FileHandle, size: number, file: string): Promise<Entry[]> {
  const start = Math.max(0, size - MOST_END_BYTES);
  const tail = Buffer.from(await readExactly(handle, start, size - start));
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) throw refuse(file, 'not a whole .npz file (its end is missing)');
  const [count, length, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (count > MOST_ENTRIES || length > MOST_DIRECTORY_BYTES || offset + length > size)
    throw refuse(file, 'the directory of the .npz file is damaged, or of more than 1000 arrays or 4 GB');
  const directory = Buffer.from(await readExactly(handle, offset, length));
  const entries: Entry[] = [];
  for (let place = 0; entries.length < count; ) {
    if (place + 46 > directory.length || directory.readUInt32LE(place) !== ENTRY)
      throw refuse(file, 'the directory of the .npz file is damaged');
    const nameLength = directory.readUInt16LE(place + 28);
    entries.push({
      name: directory.toString('utf8', place + 46, place + 46 + nameLength),
      method: directory.readUInt16LE(place + 10),
      packed: directory.readUInt32LE(place + 20),
      size: directory.readUInt32LE(place + 24),
      offset: directory.readUInt32LE(place + 42),
    });
    place += 46 + nameLength + directory.readUInt16LE(place + 30) + directory.readUInt16LE(place + 32);
  }
  return entries;
}

async function openEntry(
  handle: FileHandle,
  { name, method, packed, size, offset }: Entry,
  file: string,
): Promise<Bytes> {
  const local = Buffer.from(await readExactly(handle, offset, 30));
  if (local.length < 30 || local.readUInt32LE(0) !== LOCAL)
    throw refuse(file, `array "${name}" is not where it should be`);
  const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (method === 0) {
    if (packed !== size) throw refuse(file, `array "${name}" is damaged`);
    return { size, read: (at, length) => readExactly(handle, start + at, Math.max(0, Math.min(length, size - at))) };
  }
  if (method !== 8) throw refuse(file, `array "${name}" is packed in a way that is not read (deflate is)`);
  if (size > MOST_UNPACKED) throw refuse(file, `array "${name}" unpacks to ${size} bytes; save it with numpy.savez`);
  let unpacked: Buffer;
  try {
    unpacked = inflateRawSync(await readExactly(handle, start, packed), { maxOutputLength: Math.max(1, size) });
  } catch {
    throw refuse(file, `array "${name}" cannot be unpacked`);
  }
  if (unpacked.length !== size) throw refuse(file, `array "${name}" is damaged`);
  return { size, read: async (at, length) => unpacked.subarray(at, at + length) };
}

/**
 * Opens the arrays of a `.npz` file by name; those that are not packed are read from the file as they are asked for.
 *
 * @throws {BiolensError} `input` naming the file and the array.
 */
export async function openNpz(
  handle: FileHandle,
  { size, file }: { readonly size: number; readonly file: string },
): Promise<ReadonlyMap<string, Bytes>> {
  const arrays = new Map<string, Bytes>();
  for (const entry of await listEntries(handle, size, file)) {
    const name = entry.name.replace(/\.npy$/, '');
    if (arrays.has(name)) throw refuse(file, `array "${name}" is there twice`);
    arrays.set(name, await openEntry(handle, entry, file));
  }
  return arrays;
}
