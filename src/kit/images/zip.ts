import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { BiolensError } from '../../ground/errors.ts';
import type { ArchiveEntry, ByteSource } from './archive-entry.ts';

const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** Bytes of the end record, and of the longest comment after it. */
const END_BYTES = 22;
const COMMENT = 65535;
const MOST_ENTRIES = 1_000_000;
const MOST_DIRECTORY_BYTES = 256 * 2 ** 20;
const ENCRYPTED = 1;
const UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;
const ESCAPE = 0xffffffff;

const inflate = promisify(inflateRaw);

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly size: number;
}

const numberOf = (value: bigint): number =>
  value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);

async function findDirectory(source: ByteSource): Promise<Directory> {
  const from = Math.max(0, source.size - END_BYTES - COMMENT);
  const tail = Buffer.from(await source.read(from, source.size - from));
  let at = tail.length - END_BYTES;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) throw new Error('not a whole ZIP file (its end is missing)');
  const plain = {
    count: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    start: tail.readUInt32LE(at + 16),
  };
  if (at < 20 || tail.readUInt32LE(at - 20) !== END64_LOCATOR) return plain;
  const record = Buffer.from(await source.read(numberOf(tail.readBigUInt64LE(at - 12)), 56));
  if (record.readUInt32LE(0) !== END64) throw new Error('damaged ZIP file (its directory is not where it says)');
  return {
    count: numberOf(record.readBigUInt64LE(32)),
    size: numberOf(record.readBigUInt64LE(40)),
    start: numberOf(record.readBigUInt64LE(48)),
  };
}

/** Sizes and offset of an entry, from the extra field where 32 bits are too few. */
function readSizes(directory: Buffer, at: number): { packed: number; size: number; offset: number } {
  const values = [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)];
  const extraAt = at + 46 + directory.readUInt16LE(at + 28);
  const extraEnd = extraAt + directory.readUInt16LE(at + 30);
  for (let field = extraAt; field + 4 <= extraEnd; field += 4 + directory.readUInt16LE(field + 2)) {
    if (directory.readUInt16LE(field) !== 1) continue;
    let value = field + 4;
    for (let i = 0; i < values.length && value + 8 <= extraEnd; i++) {
      if (values[i] !== ESCAPE) continue;
      values[i] = numberOf(directory.readBigUInt64LE(value));
      value += 8;
    }
  }
  const [size = 0, packed = 0, offset = 0] = values;
  return { packed, size, offset };
}

/**
 * Lists the files of a ZIP archive by its directory; a file's bytes are read and unpacked when they are asked for.
 *
 * @throws Error in words for what is no ZIP file, damaged or beyond the limits
 */
export async function listZip(source: ByteSource): Promise<ArchiveEntry[]> {
  const { count, start, size } = await findDirectory(source);
  if (count > MOST_ENTRIES || size > MOST_DIRECTORY_BYTES)
    throw new Error(`a ZIP file of ${count} entries, which are too many`);
  const directory = Buffer.from(await source.read(start, size));
  const entries: ArchiveEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== ENTRY)
      throw new Error('damaged ZIP file (its directory ends early)');
    const [flags, method] = [directory.readUInt16LE(at + 8), directory.readUInt16LE(at + 10)];
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const end = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    if (end > directory.length) throw new Error('damaged ZIP file (its directory ends early)');
    const bytes = directory.subarray(at + 46, nameEnd);
    const name = bytes.toString((flags & UTF8) !== 0 || isUtf8(bytes) ? 'utf8' : 'latin1');
    const { packed, size: unpacked, offset } = readSizes(directory, at);
    at = end;
    if (name.endsWith('/')) continue;
    entries.push({
      name,
      size: unpacked,
      async load(most) {
        const refuse = (why: string): BiolensError =>
          new BiolensError('input', `${name}: ${why}`, { details: { file: name } });
        if ((flags & ENCRYPTED) !== 0) throw refuse('encrypted');
        if (method !== STORED && method !== DEFLATED) throw refuse(`packed by method ${method}, which is not read`);
        if (packed > most || unpacked > most) throw refuse(`more than ${most} bytes`);
        try {
          const header = Buffer.from(await source.read(offset, 30));
          if (header.readUInt32LE(0) !== LOCAL) throw new Error('no entry where the directory says');
          const data = await source.read(offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), packed);
          if (method === STORED) return data;
          return new Uint8Array(await inflate(data, { maxOutputLength: Math.max(1, Math.min(most, unpacked)) }));
        } catch {
          throw refuse('damaged in the archive');
        }
      },
    });
  }
  return entries;
}
