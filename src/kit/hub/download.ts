import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, syncFolder } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { HubBusy, type HubClient, type HubFile } from './hub-client.ts';
import { readPieces } from './read-pieces.ts';
import { retryBusy } from './retry.ts';

export interface DownloadOptions {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
  /** Folder that the file's path is relative to. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** Uniform on [0, 1), for the jitter of retries. */
  readonly random?: (() => number) | undefined;
  /** Longest time without a byte, in milliseconds. */
  readonly stallMs?: number | undefined;
}

const ATTEMPTS = 6;
const STALL_MS = 60_000;
const PART = '.partial';

/** Git hashes the size of a file before its content. */
function startHash({ digest, bytes }: HubFile): Hash {
  return digest.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}

const sizeOf = async (path: string): Promise<number | null> => (await stat(path).catch(() => null))?.size ?? null;

/** The digest of what is on disk, as the hub gives it. */
async function digestOf(path: string, file: HubFile): Promise<string> {
  const hash = startHash(file);
  for await (const chunk of createReadStream(path)) if (chunk instanceof Uint8Array) hash.update(chunk);
  return hash.digest('hex');
}

/** Whether a file is there with the content that the hub names. */
export async function isComplete(folder: string, file: HubFile): Promise<boolean> {
  const path = join(folder, file.path);
  return (await sizeOf(path)) === file.bytes && (await digestOf(path, file)) === file.digest.hex;
}

/**
 * Downloads a file, going on where an earlier attempt or process broke off, and gives it its name only when its content is what the hub names.
 *
 * @throws {BiolensError} `external` where the hub fails again and again, or sends something else; `input` where it refuses, or the disk does
 */
export async function download(file: HubFile, options: DownloadOptions): Promise<void> {
  const path = join(options.folder, file.path);
  await mkdir(dirname(path), { recursive: true }).catch(error => {
    throw fileError(dirname(path), error, 'write');
  });
  await retryBusy(() => fill(`${path}${PART}`, file, options), { ...options, attempts: ATTEMPTS });
  await rename(`${path}${PART}`, path).catch(error => {
    throw fileError(path, error, 'write');
  });
  await syncFolder(dirname(path));
}

/** Brings the partial file to its end. */
async function fill(part: string, file: HubFile, options: DownloadOptions): Promise<void> {
  let start = (await sizeOf(part)) ?? 0;
  if (start > file.bytes) {
    await rm(part);
    start = 0;
  }
  const handle = await open(part, 'a').catch(error => {
    throw fileError(part, error, 'write');
  });
  try {
    if (start < file.bytes || file.bytes === 0) await receive(handle, { file, start, options });
    await handle.sync();
  } finally {
    await handle.close();
  }
  if ((await digestOf(part, file)) === file.digest.hex) return;
  await rm(part, { force: true });
  throw new HubBusy(`${file.path}: what came is not what the hub says it is`);
}

interface Receiving {
  readonly file: HubFile;
  readonly start: number;
  readonly options: DownloadOptions;
}

async function receive(handle: FileHandle, { file, start, options }: Receiving): Promise<void> {
  const { client, repository, commit, signal, onBytes, stallMs = STALL_MS } = options;
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), stallMs);
  };
  const both = AbortSignal.any([signal, stalled.signal]);
  try {
    alive();
    const response = await client.open({ repository, commit, path: file.path, start }, both);
    let at = start;
    // A server that sends all of it again, or another part, is not appended to what is here.
    if (start > 0 && !continues(response, start)) {
      await handle.truncate(0);
      at = 0;
    }
    for await (const piece of readPieces(response, both)) {
      alive();
      at += piece.length;
      if (at > file.bytes)
        throw new BiolensError('external', `${file.path}: longer than the ${file.bytes} bytes that the hub says`);
      await handle.write(piece);
      onBytes(piece.length);
    }
    if (at < file.bytes) throw new HubBusy(`${file.path}: the connection broke off`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (stalled.signal.aborted) throw new HubBusy(`${file.path}: nothing came for ${stallMs / 1000} s`);
    if (error instanceof BiolensError) throw error;
    if (error instanceof Error && 'syscall' in error && error.syscall === 'write')
      throw fileError(file.path, error, 'write');
    throw new HubBusy(`${file.path}: the connection broke off`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an answer goes on at a byte. */
function continues(response: Response, start: number): boolean {
  const [, from] = /^bytes (\d{1,15})-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return response.status === 206 && Number(from) === start;
}
