import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explainSystemError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { decodeImage } from './decode.ts';
import { FORMAT_LIST } from './formats.ts';
import type { Image } from './image.ts';
import { digestFileSafely, digestOf, type ReadLimits, readSource } from './source.ts';

export interface ImageFile {
  /** Path within the folder, with `/` between its parts on every system. */
  readonly file: string;
  /** Path to open. */
  readonly path: string;
  /** Reads its bytes, where it lies in an archive and `path` cannot be opened. */
  readonly load?: () => Promise<Uint8Array>;
  /** Why it cannot be opened, where the name alone says so already; it is skipped for this reason. */
  readonly problem?: string;
}

const DECODED = [
  ...['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'avif', 'avifs', 'tif', 'tiff', 'gif'],
  ...['bmp', 'dib', 'ppm', 'pgm', 'pbm', 'pnm'],
];
/** Images that are not decoded: listed all the same, so that they are reported as skipped and not passed over. */
const FOREIGN = ['heic', 'heif', 'hif', 'svg', 'jxl', 'jp2', 'psd', 'ico', 'tga', 'dng', 'cr2', 'nef'];
const IMAGE = new RegExp(`\\.(${[...DECODED, ...FOREIGN].join('|')})$`, 'i');

/** Folders in which systems keep thumbnails, versions and deleted files of their own, in lower case; those that begin with a dot go without saying. */
const SYSTEM_FOLDERS = new Set([
  '__macosx',
  '@eadir',
  '@tmp',
  '@recycle',
  '@recently-snapshot',
  '#recycle',
  '#snapshot',
  '$recycle.bin',
  'recycler',
  'recycled',
  'system volume information',
  'lost+found',
  'network trash folder',
  'temporary items',
]);

/** Whether a name ends as those of images do, decoded ones or not. */
export function isImageName(name: string): boolean {
  return IMAGE.test(name);
}

/** Whether a folder is one in which a system keeps thumbnails, versions or deleted files. */
export function isSystemFolder(name: string): boolean {
  return SYSTEM_FOLDERS.has(name.toLowerCase());
}

const NOT_UTF8 = 'its name is not UTF-8, rename it';

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  /** The name cannot be written as text, and so not be opened by it. */
  readonly unnamable: boolean;
  /** The name in UTF-8, with `/` behind a folder's, so that sorting a folder's entries sorts the whole paths. */
  readonly key: Buffer;
}

function inputError(path: string, error: unknown): BiolensError {
  if (error instanceof BiolensError) return error;
  return new BiolensError('input', `${path}: ${explainSystemError(error)}`, { details: { file: path }, cause: error });
}

/** A name of any bytes as text: those that are no UTF-8 as `\\xff`, so that two such names stay two. */
function nameOf(bytes: Buffer): { readonly name: string; readonly unnamable: boolean } {
  if (isUtf8(bytes)) return { name: bytes.toString('utf8'), unnamable: false };
  const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;
  const name = Array.from(bytes, byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte))).join(
    '',
  );
  return { name, unnamable: true };
}

async function readEntries(folder: string, signal: AbortSignal | undefined): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of await opendir(folder, { bufferSize: 512, encoding: 'buffer' as BufferEncoding })) {
    throwIfAborted(signal);
    // The types of Node know no names of bytes here.
    const bytes = entry.name as string | Buffer;
    const { name, unnamable } = typeof bytes === 'string' ? { name: bytes, unnamable: false } : nameOf(bytes);
    if (name.startsWith('.')) continue;
    let isFolder = entry.isDirectory();
    let isFile = entry.isFile();
    if (entry.isSymbolicLink() || !(isFolder || isFile)) {
      // A link that leads nowhere is listed as a file, for the reader to say so.
      const target: Stats | undefined = await stat(join(folder, name)).catch(() => undefined);
      isFolder = target?.isDirectory() ?? false;
      isFile = !isFolder;
    }
    if (isFolder ? !isSystemFolder(name) : isFile && IMAGE.test(name)) {
      entries.push({ name, isFolder, unnamable, key: Buffer.from(isFolder ? `${name}/` : name) });
    }
  }
  return entries.sort((a, b) => Buffer.compare(a.key, b.key));
}

async function* walk(
  root: string,
  prefix: string,
  context: { readonly visited: Set<string>; readonly signal: AbortSignal | undefined },
): AsyncGenerator<ImageFile> {
  const folder = prefix === '' ? root : join(root, prefix.slice(0, -1));
  let entries: Entry[];
  try {
    const status = await stat(folder, { bigint: true });
    const identity = `${status.dev}:${status.ino}`;
    if (context.visited.has(identity)) return;
    context.visited.add(identity);
    entries = await readEntries(folder, context.signal);
  } catch (error) {
    throw inputError(folder, error);
  }
  for (const { name, isFolder, unnamable } of entries) {
    throwIfAborted(context.signal);
    const file = `${prefix}${name}`;
    if (unnamable) yield { file, path: join(root, file), problem: NOT_UTF8 };
    else if (isFolder) yield* walk(root, `${file}/`, context);
    else yield { file, path: join(root, file) };
  }
}

/**
 * Lists the images of a folder and of the folders in it, in the order of the bytes of their relative paths (that of
 * `LC_ALL=C sort`), which is the same on every machine and file system.
 *
 * An image is a file whose name ends in an image's extension, in any case; formats that are not decoded (HEIC, SVG, …) are
 * listed too, so that reading them says so; so are names that are not UTF-8. Everything else is passed over: `labels.csv`, `Thumbs.db`, names
 * that begin with a dot, folders in which systems keep thumbnails and deleted files (`__MACOSX`, `@eaDir`, `$RECYCLE.BIN`). Symbolic links are followed, and each real folder is entered once, so that loops end. Memory holds
 * the names of one folder and its parents.
 *
 * @throws BiolensError `input` naming the folder that is missing, no folder, without read permission, or in which no
 *   image was found; `interrupted`.
 */
export async function* listImages(
  directory: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ImageFile> {
  const { signal } = options;
  let found = false;
  for await (const image of walk(directory, '', { visited: new Set(), signal })) {
    found = true;
    yield image;
  }
  if (!found) {
    throw new BiolensError('input', `${directory}: no images found (${FORMAT_LIST})`, { details: { file: directory } });
  }
}

/** A file that was read, or why it was not. */
export type ReadImage<T = Image> = (
  | { readonly file: string; readonly image: T }
  | { readonly file: string; readonly skipped: string }
) & {
  /** SHA-256 of the bytes that were read, where asked for and where there are any. */
  readonly digest?: string;
};

export interface ReadImagesOptions extends ReadLimits {
  /** Images that are read and decoded at a time, and at most held: memory is bounded by this many. Default 4. */
  readonly concurrency?: number;
  /** Whether to digest the bytes of every file. Default false. */
  readonly digest?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes the images of a folder, or those of a list, in its order and with bounded read-ahead. An image that cannot be
 * decoded is yielded as `skipped` with the reason and does not stop the others.
 *
 * @throws BiolensError as `listImages`; `usage` for a concurrency below one.
 */
export function readImages(
  source: string | Iterable<ImageFile> | AsyncIterable<ImageFile>,
  options: ReadImagesOptions = {},
): AsyncGenerator<ReadImage> {
  return mapImages(source, options, image => image);
}

/**
 * As `readImages`, with work that is done on each image as soon as it is decoded, so that only its result waits for its turn.
 *
 * @throws what `work` throws, apart from a BiolensError of code `input`, which is a reason to skip the image.
 */
export async function* mapImages<T>(
  source: string | Iterable<ImageFile> | AsyncIterable<ImageFile>,
  options: ReadImagesOptions,
  work: (image: Image, file: string) => T | Promise<T>,
): AsyncGenerator<ReadImage<T>> {
  const { concurrency = 4, signal, digest: digested = false, ...limits } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new BiolensError('usage', `"concurrency" expected a whole number ≥ 1, got ${concurrency}`);
  }
  const read = async ({ file, path, load, problem }: ImageFile): Promise<ReadImage<T>> => {
    if (problem !== undefined) return { file, skipped: problem };
    let digest: string | undefined;
    try {
      const source = load === undefined ? path : await load();
      const { bytes } = await readSource(source, { ...limits, file, signal });
      if (digested) digest = digestOf(bytes);
      const image = await work(await decodeImage(bytes, { ...limits, file, signal }), file);
      return { file, image, ...(digest === undefined ? {} : { digest }) };
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'input')) throw error;
      const named = `${file}: `;
      const skipped = error.message.startsWith(named) ? error.message.slice(named.length) : error.message;
      if (digested && load === undefined) digest ??= (await digestFileSafely(path, signal)) ?? undefined;
      return { file, skipped, ...(digest === undefined ? {} : { digest }) };
    }
  };
  const ahead: Promise<ReadImage<T>>[] = [];
  try {
    for await (const next of typeof source === 'string' ? listImages(source, { signal }) : source) {
      throwIfAborted(signal);
      const promise = read(next);
      // Whoever awaits it sees the failure; until then it must not count as unhandled.
      promise.catch(() => undefined);
      ahead.push(promise);
      if (ahead.length >= concurrency) yield await ahead.shift()!;
    }
    while (ahead.length > 0) yield await ahead.shift()!;
  } finally {
    await Promise.allSettled(ahead);
  }
}
