import { BiolensError } from '../../ground/errors.ts';
import type { ArchiveEntry, ByteSource } from './archive-entry.ts';

const BLOCK = 512;
const MOST_ENTRIES = 1_000_000;
/** Longest name, and longest list of what extends a header. */
const MOST_EXTENSION = 64 * 1024;

const textOf = (bytes: Buffer, from: number, length: number): string => {
  const part = bytes.subarray(from, from + length);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? part.length : end);
};

/** A number in octal, or in base 256 where its first bit says so. */
function numberOf(bytes: Buffer, from: number, length: number): number {
  if ((bytes[from]! & 0x80) !== 0) {
    let value = bytes[from]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + bytes[from + i]!;
    return value;
  }
  const digits = textOf(bytes, from, length).trim();
  if (!/^[0-7]{0,12}$/.test(digits)) throw new Error('damaged tar file (a number expected)');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Buffer): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  if (sum !== numberOf(header, 148, 8)) throw new Error('not a tar file, or a damaged one (a checksum is wrong)');
}

/** Path and size of the records `length key=value` of a pax header. */
function readPax(bytes: Buffer): { readonly path?: string; readonly size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, Math.min(space, at + 8)));
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > bytes.length) break;
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    if (record.startsWith('path=')) found.path = record.slice(5);
    if (record.startsWith('size=')) found.size = Number(record.slice(5));
    at += length;
  }
  return found;
}

/**
 * Lists the files of a tar archive, as WebDataset shards are, by its headers; a file's bytes are read when they are asked for.
 *
 * @throws Error in words for what is no tar file, damaged or cut short
 */
export async function listTar(source: ByteSource, signal?: AbortSignal): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  let extended: { path?: string; size?: number } = {};
  for (let at = 0; at + BLOCK <= source.size; ) {
    signal?.throwIfAborted();
    const header = Buffer.from(await source.read(at, BLOCK));
    // Blocks of zeros end it.
    if (header.every(byte => byte === 0)) break;
    checkSum(header);
    const type = String.fromCharCode(header[156]!);
    const size = extended.size ?? numberOf(header, 124, 12);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > source.size) throw new Error('truncated tar file');
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'x' || type === 'L') {
      if (size > MOST_EXTENSION) throw new Error('damaged tar file (a name without end)');
      const bytes = Buffer.from(await source.read(start, size));
      extended = type === 'x' ? { ...extended, ...readPax(bytes) } : { ...extended, path: textOf(bytes, 0, size) };
      continue;
    }
    const prefix = textOf(header, 257, 5) === 'ustar' ? textOf(header, 345, 155) : '';
    const own = textOf(header, 0, 100);
    const name = extended.path ?? (prefix === '' ? own : `${prefix}/${own}`);
    extended = {};
    if (type !== '0' && type !== '\0' && type !== '7') continue;
    if (entries.length >= MOST_ENTRIES) throw new Error(`a tar file of more than ${MOST_ENTRIES} entries`);
    entries.push({
      name,
      size,
      async load(most) {
        if (size > most)
          throw new BiolensError('input', `${name}: more than ${most} bytes`, { details: { file: name } });
        return source.read(start, size);
      },
    });
  }
  return entries;
}
