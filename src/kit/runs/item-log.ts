import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { z } from 'zod';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { describeIssue } from './json.ts';

const NEWLINE = 10;
const TAIL_BYTES = 64 * 1024;

/** The last newline before a place in a file; -1 where there is none. */
async function newlineBefore(handle: FileHandle, place: number): Promise<number> {
  let end = place;
  while (end > 0) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at;
    end = start;
  }
  return -1;
}

/** Disks write whole sectors: what a loss of power leaves out is zeros up to the end of one. */
const SECTOR = 512;
/** Fewer zeros are no lost sector but a changed file. */
const FEWEST_ZEROS = 8;

/** Where the first lost sector in a part of a file begins; -1 where there is none. */
function firstLostSector(bytes: Uint8Array, offset: number): number {
  for (let at = bytes.indexOf(0); at >= 0; ) {
    let end = at;
    while (end < bytes.length && bytes[end] === 0) end++;
    const toTheEnd = (offset + end) % SECTOR === 0 || end === bytes.length;
    if (toTheEnd && end - at >= FEWEST_ZEROS) return offset + at;
    at = bytes.indexOf(0, end);
  }
  return -1;
}

/**
 * Length of the file up to what a crash has torn: a last line without its newline, or the last lines from the first on that has lost a
 * sector, as a loss of power leaves a write that had not come to its end. None of them was acknowledged.
 */
async function wholeLength(handle: FileHandle): Promise<number> {
  const end = (await newlineBefore(handle, (await handle.stat()).size)) + 1;
  const start = Math.max(0, end - TAIL_BYTES);
  const { buffer, bytesRead } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
  const lost = firstLostSector(buffer.subarray(0, bytesRead), start);
  return lost < 0 ? end : (await newlineBefore(handle, lost)) + 1;
}

const CHECKSUM_LENGTH = 32;
const TAB = 9;
const SPACE = 32;

/**
 * The CRC-32 of a line's JSON, as 32 blanks after it: a tab for a bit that is set, a space for one that is not. JSON allows blanks there, so
 * that every reader of JSON lines still reads the line, and no field is added to the item.
 */
function checksumOf(json: string | Uint8Array): string {
  return crc32(json).toString(2).padStart(CHECKSUM_LENGTH, '0').replaceAll('0', ' ').replaceAll('1', '\t');
}

/** Whether a line is as it was written. Lines of earlier versions end without blanks, and nothing is known of them. */
function isAsWritten(line: Uint8Array): boolean {
  let end = line.length;
  while (end > 0 && (line[end - 1] === TAB || line[end - 1] === SPACE)) end--;
  if (end === line.length) return true;
  return Buffer.from(line.subarray(end)).toString('latin1') === checksumOf(line.subarray(0, end));
}

interface Pending {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * `items.jsonl`: one JSON value a line, with a checksum in blanks after it, appended and never changed.
 *
 * An append resolves when its line is on the disk. Appends that are made while one is being written share the next write and
 * its fsync, so many in flight cost little more than one.
 */
export class ItemLog {
  readonly #path: string;
  readonly #handle: FileHandle;
  #length: number;
  #pending: Pending[] = [];
  #flushing: Promise<void> | undefined;
  #failure: BiolensError | undefined;
  #closed = false;

  private constructor(path: string, handle: FileHandle, length: number) {
    this.#path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /** Opens a log for appending, creating it if it is not there; a torn last line is cut off. */
  static async open(path: string): Promise<ItemLog> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'a+', 0o600);
      const length = await wholeLength(handle);
      await handle.truncate(length);
      return new ItemLog(path, handle, length);
    } catch (error) {
      await handle?.close();
      throw fileError(path, error, 'write');
    }
  }

  /**
   * @throws BiolensError `input` when the disk does not take it; what was appended before stays whole. `usage` when the log is
   * closed, or the item is nothing that JSON can say
   */
  async append(item: unknown): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new BiolensError('usage', `${this.#path}: the run has ended and takes no more items`);
    const text = JSON.stringify(item);
    if (text === undefined) throw new BiolensError('usage', `${this.#path}: expected an item of JSON, got ${item}`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.push({ line: `${text}${checksumOf(text)}\n`, resolve, reject });
    this.#flushing ??= this.#flush();
    return promise;
  }

  async #flush(): Promise<void> {
    // Appends of the same turn of the event loop go out together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        const bytes = Buffer.from(batch.map(({ line }) => line).join(''));
        await this.#handle.appendFile(bytes);
        await this.#handle.datasync();
        this.#length += bytes.length;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#failure = fileError(this.#path, error, 'write');
        // Part of a batch may have been written: an item that was not acknowledged must not be there.
        await this.#handle.truncate(this.#length).catch(() => undefined);
        for (const { reject } of [...batch, ...this.#pending]) reject(this.#failure);
        this.#pending = [];
      }
    }
    this.#flushing = undefined;
  }

  /** Takes no item from now on. */
  refuse(failure: BiolensError): void {
    this.#failure ??= failure;
  }

  /** Waits for what is in flight and closes the file. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#handle.close();
  }
}

/**
 * Lines of the first `end` bytes, without their newlines. Only the byte 10 ends a line: a line separator such as U+2028, which
 * JSON leaves as it is, may stand in a file's name or a model's words.
 */
async function* splitLines(path: string, end: number): AsyncGenerator<Uint8Array> {
  let open: Uint8Array[] = [];
  for await (const chunk of createReadStream(path, { end: end - 1 })) {
    let rest: Uint8Array = chunk;
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      yield open.length === 0 ? rest.subarray(0, at) : Buffer.concat([...open, rest.subarray(0, at)]);
      open = [];
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) open.push(rest);
  }
}

/**
 * Reads a log item by item; a last line without its newline was torn by a crash and is left out, a missing file is empty.
 *
 * @throws BiolensError `input` naming the file and the line that is not JSON or not of the schema
 */
export async function* readItems<T>(path: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  try {
    const end = await readableLength(path);
    if (end === 0) return;
    for await (const line of splitLines(path, end)) {
      number++;
      yield parseLine(line, { path, number, schema, decoder });
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

async function readableLength(path: string): Promise<number> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
  try {
    return await wholeLength(handle);
  } finally {
    await handle.close();
  }
}

function parseLine<T>(
  line: Uint8Array,
  {
    path,
    number,
    schema,
    decoder,
  }: { readonly path: string; readonly number: number; readonly schema: z.ZodType<T>; readonly decoder: TextDecoder },
): T {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(line));
  } catch (error) {
    const why = line.includes(0) ? 'has bytes of zeros, as after a loss of power' : 'is not JSON';
    throw new BiolensError('input', `${path}: line ${number} ${why}`, { cause: error });
  }
  if (!isAsWritten(line))
    throw new BiolensError('input', `${path}: line ${number} is not as it was written: its checksum does not fit`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BiolensError('input', `${path}: line ${number}: ${describeIssue(parsed.error)}`, { cause: parsed.error });
}
