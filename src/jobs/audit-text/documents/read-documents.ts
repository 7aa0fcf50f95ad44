import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { explainSystemError } from '../../../ground/disk.ts';
import { messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { isNestedDeeper } from '../../../ground/nesting.ts';
import { ParquetFile } from '../../../kit/parquet/index.ts';
import type { SkippedFile, TextFile } from './list-files.ts';
import { splitAt } from './split.ts';

/** How the files of a corpus hold documents. */
export interface Layout {
  /** Field of JSON lines, or column of Parquet, that holds a document's text. */
  readonly textField: string;
  /** What stands between the documents of a plain file; null where a file is one. */
  readonly separator: string | null;
}

/** A document, or some of its bytes in UTF-8. */
export interface DocumentPiece {
  /** Row, line or part of the file, from 0; −1 where the file is one document. */
  readonly row: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly bytes: Uint8Array;
}

export interface ReadDocumentsOptions extends Layout {
  /** Bytes of a plain file to begin and to end at; the whole file by default. */
  readonly from?: number;
  readonly to?: number;
  /** Told of what is left out. */
  readonly onSkip: (skipped: SkippedFile) => void;
  readonly signal?: AbortSignal | undefined;
}

const BLOCK = 2 ** 20;
/** A line of JSON, at most: it is parsed as a whole. */
const MOST_LINE = 2 ** 29;
const DEEPEST = 200;
const HEAD_BYTES = 8;

type Packing = 'gzip' | 'zstd' | null;
type Kind = 'plain' | 'lines' | 'parquet';

/** What a name says of a file, without what says how it is packed. */
export function kindOf(name: string): Kind {
  const plain = name.toLowerCase().replace(/\.(?:gz|gzip|zst|zstd)$/, '');
  if (/\.(?:jsonl|ndjson)$/.test(plain)) return 'lines';
  return plain.endsWith('.parquet') ? 'parquet' : 'plain';
}

const starts = (head: Uint8Array, ...bytes: readonly number[]): boolean => bytes.every((byte, i) => head[i] === byte);

/** How a file is packed, by its first bytes. */
function packingOf(head: Uint8Array): Packing {
  if (starts(head, 0x1f, 0x8b)) return 'gzip';
  return starts(head, 0x28, 0xb5, 0x2f, 0xfd) ? 'zstd' : null;
}

/** Why a text cannot be read, by its first bytes; null where it can. */
function refusalOf(head: Uint8Array): string | null {
  const utf16 = 'UTF-16, expected UTF-8 (iconv -f UTF-16 -t UTF-8 makes it that)';
  if (starts(head, 0xff, 0xfe) || starts(head, 0xfe, 0xff)) return utf16;
  // Without a mark at its beginning: every second byte of plain English is a zero.
  if (head.length >= 8 && [1, 3, 5, 7].every(i => head[i] === 0) && [0, 2, 4, 6].every(i => head[i] !== 0))
    return utf16;
  if (head.length >= 8 && [0, 2, 4, 6].every(i => head[i] === 0) && [1, 3, 5, 7].every(i => head[i] !== 0))
    return utf16;
  if (starts(head, 0x50, 0x4b, 3, 4)) return 'a ZIP archive, expected texts: unpack it';
  if (starts(head, 0x25, 0x50, 0x44, 0x46)) return 'a PDF, expected texts';
  if (starts(head, 0x89, 0x50, 0x4e, 0x47) || starts(head, 0xff, 0xd8, 0xff)) return 'an image, expected texts';
  if (starts(head, 0x42, 0x5a, 0x68) || starts(head, 0xfd, 0x37, 0x7a, 0x58))
    return 'packed as bzip2 or xz, expected gzip or zstd';
  return null;
}

async function* readBytes(
  handle: FileHandle,
  { from, to, signal }: { readonly from: number; readonly to: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  // One block is used again and again: whoever gets it takes what is in it before the next.
  const block = Buffer.allocUnsafeSlow(BLOCK);
  for (let at = from; at < to; ) {
    throwIfAborted(signal);
    const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK, to - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

async function* unpack(
  handle: FileHandle,
  packing: 'gzip' | 'zstd',
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: BLOCK / 4 });
  const plain = stream.pipe(
    packing === 'gzip' ? createGunzip({ chunkSize: BLOCK / 4 }) : createZstdDecompress({ chunkSize: BLOCK / 4 }),
  );
  stream.on('error', error => plain.destroy(error));
  try {
    for await (const bytes of plain) {
      throwIfAborted(signal);
      yield bytes;
    }
  } finally {
    stream.destroy();
    plain.destroy();
  }
}

/** The first bytes of a stream, and then all of it. */
async function peek(
  bytes: AsyncGenerator<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncGenerator<Uint8Array> }> {
  const early: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const { value, done } = await bytes.next();
    if (done) break;
    early.push(Uint8Array.from(value));
    size += value.length;
  }
  const head = Buffer.concat(early).subarray(0, HEAD_BYTES);
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* early;
    yield* bytes;
  }
  return { head, all: all() };
}

/** The bytes of a stream as one document. */
async function* asOne(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<DocumentPiece> {
  yield { row: -1, first: true, last: false, bytes: new Uint8Array(0) };
  for await (const piece of bytes) yield { row: -1, first: false, last: false, bytes: piece };
  yield { row: -1, first: false, last: true, bytes: new Uint8Array(0) };
}

const textSchema = z.string();

/** The text of a line of JSON, or why it has none. */
function textOfLine(line: Buffer, field: string): { readonly text: string } | { readonly why: string } {
  const json = line.toString('utf8');
  if (isNestedDeeper(json, DEEPEST)) return { why: `nested more than ${DEEPEST} deep` };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { why: 'not JSON' };
  }
  if (typeof value === 'string') return { text: value };
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field))
    return { why: `no field "${field}"` };
  const text = textSchema.safeParse((value as Record<string, unknown>)[field]);
  return text.success ? { text: text.data } : { why: `"${field}" is no text` };
}

async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  file: TextFile,
  { textField, onSkip }: ReadDocumentsOptions,
): AsyncGenerator<DocumentPiece> {
  for await (const { part, bytes: line, cut } of splitAt(bytes, { separator: Buffer.from('\n'), most: MOST_LINE })) {
    const where = `${file.file}#${part}`;
    if (cut) {
      onSkip({ file: where, reason: `a line of more than ${MOST_LINE} bytes` });
      continue;
    }
    if (line.every(byte => byte === 0x20 || byte === 0x0d || byte === 0x09)) continue;
    const read = textOfLine(line, textField);
    if ('why' in read) onSkip({ file: where, reason: read.why });
    else yield { row: part, first: true, last: true, bytes: Buffer.from(read.text) };
  }
}

async function* readParts(
  bytes: AsyncIterable<Uint8Array>,
  file: TextFile,
  { separator, onSkip }: { readonly separator: string } & Pick<ReadDocumentsOptions, 'onSkip'>,
): AsyncGenerator<DocumentPiece> {
  for await (const { part, bytes: text, cut } of splitAt(bytes, {
    separator: Buffer.from(separator),
    most: MOST_LINE,
  })) {
    if (cut) onSkip({ file: `${file.file}#${part}`, reason: `a document of more than ${MOST_LINE} bytes` });
    else if (text.length > 0) yield { row: part, first: true, last: true, bytes: text };
  }
}

async function* readParquet(
  { path, file }: TextFile,
  { textField, onSkip, signal }: ReadDocumentsOptions,
): AsyncGenerator<DocumentPiece> {
  const parquet = await ParquetFile.open(dirname(path), basename(path));
  if (!parquet.columns.includes(textField)) {
    onSkip({ file, reason: `no column "${textField}", there are ${parquet.columns.slice(0, 20).join(', ')}` });
    return;
  }
  for (const group of parquet.groups) {
    throwIfAborted(signal);
    const rows = await parquet.read(group, [textField]);
    for (const [i, row] of rows.entries()) {
      const number = group.start + i;
      const value = typeof row === 'object' && row !== null ? (row as Record<string, unknown>)[textField] : undefined;
      if (typeof value === 'string') yield { row: number, first: true, last: true, bytes: Buffer.from(value) };
      else if (value instanceof Uint8Array) yield { row: number, first: true, last: true, bytes: value };
      else onSkip({ file: `${file}#${number}`, reason: `"${textField}" is no text` });
    }
  }
}

/**
 * Reads the documents of a file: a plain file is one, or several with a separator between them; JSON lines and Parquet have one a row. Packed files
 * are unpacked as they are read. What cannot be read is told to `onSkip`, with what came before it read.
 *
 * The bytes of a piece are overwritten when the next one is asked for.
 *
 * @throws {BiolensError} `interrupted`
 */
export async function* readDocuments(file: TextFile, options: ReadDocumentsOptions): AsyncGenerator<DocumentPiece> {
  const { signal, onSkip, separator, from = 0, to = file.bytes } = options;
  try {
    if (kindOf(file.file) === 'parquet') {
      yield* readParquet(file, options);
      return;
    }
    // Not blocking, so that a named pipe is refused instead of waited for.
    await using handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const raw = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await handle.read(raw, 0, HEAD_BYTES, 0);
    const packing = packingOf(raw.subarray(0, bytesRead));
    const { head, all } = await peek(
      packing === null ? readBytes(handle, { from, to, signal }) : unpack(handle, packing, signal),
    );
    const refusal = from > 0 ? null : refusalOf(head);
    if (refusal !== null) {
      onSkip({ file: file.file, reason: refusal });
      await all.return(undefined);
      return;
    }
    if (kindOf(file.file) === 'lines') yield* readLines(all, file, options);
    else if (separator !== null) yield* readParts(all, file, { separator, onSkip });
    else yield* asOne(all);
  } catch (error) {
    throwIfAborted(signal);
    const system = error instanceof Error && 'syscall' in error;
    onSkip({ file: file.file, reason: system ? explainSystemError(error) : `damaged: ${messageOf(error)}` });
  }
}

/** Whether parts of a file can be read on their own: plain text, not packed, one document. */
export async function canBeParted({ path, file }: TextFile, { separator }: Layout): Promise<boolean> {
  if (separator !== null || kindOf(file) !== 'plain') return false;
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const head = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    return packingOf(head.subarray(0, bytesRead)) === null;
  } catch {
    return false;
  }
}
