import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { explainSystemError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { FORMAT_LIST, foreignFormat, type ImageFormat, SNIFF_BYTES, sniffFormat } from './formats.ts';

/** An image file in memory, or the path of one. */
export type ImageSource = Uint8Array | string;

/** Limits that stand between a hostile file and the machine's memory; both are checked before decoding. */
export interface ReadLimits {
  /** Most pixels (width × height) that are decoded. */
  readonly maxPixels?: number;
  /** Most bytes that are read. */
  readonly maxBytes?: number;
}

export const DEFAULT_LIMITS: Required<ReadLimits> = { maxPixels: 64e6, maxBytes: 64 * 2 ** 20 };

export interface ReadOptions extends ReadLimits {
  /** What messages call the image; the path by default. */
  readonly file?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of an image whose format is known and whose size in bytes is within the limit. */
export interface SniffedFile {
  readonly bytes: Uint8Array;
  readonly format: ImageFormat;
  /** What messages call it. */
  readonly file: string;
}

/** A whole number with thousands separated, for messages. */
export const grouped = (n: number): string => n.toLocaleString('en-US');

function refuse(file: string, why: string, details: Record<string, unknown> = {}): BiolensError {
  return new BiolensError('input', `${file}: ${why}`, { details: { file, ...details } });
}

function checkSize(file: string, size: number, maxBytes: number): void {
  if (size === 0) throw refuse(file, 'an empty file');
  if (size > maxBytes) {
    const text = `${grouped(size)} bytes, more than the limit of ${grouped(maxBytes)}`;
    throw refuse(file, text, { bytes: size, maxBytes });
  }
}

function sniffOrRefuse(file: string, head: Uint8Array): ImageFormat {
  const format = sniffFormat(head);
  if (format === undefined) throw refuse(file, foreignFormat(head) ?? `not an image (${FORMAT_LIST})`);
  return format;
}

/**
 * Opens a file to read it, and refuses what is none: a named pipe would be waited for, a device never ends.
 *
 * @param file what messages call it
 * @throws BiolensError `input` for a folder, a pipe, a socket or a device; the system's errors as they are
 */
export async function openRegular(
  path: string,
  file: string = path,
): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  // Not blocking, so that a named pipe without a writer is refused below instead of waited for.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw refuse(file, status.isDirectory() ? 'a folder, not a file' : 'not a regular file');
    return { handle, size: status.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** SHA-256 of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of a file of any size; null for what cannot be read: a link that leads nowhere, a pipe, no permission. */
export async function digestFileSafely(path: string, signal?: AbortSignal): Promise<string | null> {
  try {
    const { handle } = await openRegular(path);
    await using open = handle;
    const hash = createHash('sha256');
    for await (const chunk of open.createReadStream({ autoClose: false })) {
      throwIfAborted(signal);
      hash.update(chunk);
    }
    return hash.digest('hex');
  } catch (error) {
    if (error instanceof BiolensError && error.code === 'interrupted') throw error;
    return null;
  }
}

/**
 * Reads an image file far enough to refuse it early: its size and its first bytes are looked at before the rest is read.
 *
 * @throws BiolensError `input` for what cannot be read, is empty, too large, or no image; `interrupted`.
 */
export async function readSource(source: ImageSource, options: ReadOptions = {}): Promise<SniffedFile> {
  throwIfAborted(options.signal);
  const maxBytes = options.maxBytes ?? DEFAULT_LIMITS.maxBytes;
  const file = options.file ?? (typeof source === 'string' ? source : 'image');
  if (typeof source !== 'string') {
    checkSize(file, source.length, maxBytes);
    return { bytes: source, format: sniffOrRefuse(file, source), file };
  }
  try {
    const { handle: opened, size } = await openRegular(source, file);
    await using handle = opened;
    checkSize(file, size, maxBytes);
    const bytes = new Uint8Array(size);
    const head = await handle.read(bytes, 0, Math.min(SNIFF_BYTES, bytes.length), 0);
    const format = sniffOrRefuse(file, bytes.subarray(0, head.bytesRead));
    let filled = head.bytesRead;
    while (filled < bytes.length) {
      throwIfAborted(options.signal);
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), format, file };
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw new BiolensError('input', `${file}: ${explainSystemError(error)}`, { details: { file }, cause: error });
  }
}
