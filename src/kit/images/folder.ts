import type { Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explainSystemError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { decodeImage } from './decode.ts';
import { FORMAT_LIST } from './formats.ts';
import type { Image } from './image.ts';
import type { ReadLimits } from './source.ts';

export interface ImageFile {
  /** Path within the folder, with `/` between its parts on every system. */
  readonly file: string;
  /** Path to open. */
  readonly path: string;
}

const DECODED = ['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'avif', 'tif', 'tiff', 'gif'];
/** Pictures that are not decoded: listed all the same, so that they are reported as skipped and not passed over. */
const FOREIGN = [
  'heic',
  'heif',
  'bmp',
  'svg',
  'jxl',
  'jp2',
  'ppm',
  'pgm',
  'pnm',
  'psd',
  'ico',
  'tga',
  'dng',
  'cr2',
  'nef',
];
const PICTURE = new RegExp(`\\.(${[...DECODED, ...FOREIGN].join('|')})$`, 'i');

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  /** The name in UTF-8, with `/` behind a folder's, so that sorting a folder's entries sorts the whole paths. */
  readonly key: Buffer;
}

function inputError(path: string, error: unknown): BiolensError {
  if (error instanceof BiolensError) return error;
  return new BiolensError('input', `${path}: ${explainSystemError(error)}`, { details: { file: path }, cause: error });
}

async function readEntries(folder: string, signal: AbortSignal | undefined): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of await opendir(folder, { bufferSize: 512 })) {
    throwIfAborted(signal);
    const { name } = entry;
    if (name.startsWith('.') || name === '__MACOSX') continue;
    let isFolder = entry.isDirectory();
    let isFile = entry.isFile();
    if (entry.isSymbolicLink() || !(isFolder || isFile)) {
      // A link that leads nowhere is listed as a file, for the reader to say so.
      const target: Stats | undefined = await stat(join(folder, name)).catch(() => undefined);
      isFolder = target?.isDirectory() ?? false;
      isFile = !isFolder;
    }
    if (isFolder || (isFile && PICTURE.test(name))) {
      entries.push({ name, isFolder, key: Buffer.from(isFolder ? `${name}/` : name) });
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
  for (const { name, isFolder } of entries) {
    throwIfAborted(context.signal);
    const file = `${prefix}${name}`;
    if (isFolder) yield* walk(root, `${file}/`, context);
    else yield { file, path: join(root, file) };
  }
}

/**
 * Lists the pictures of a folder and of the folders in it, in the order of the bytes of their relative paths (that of
 * `LC_ALL=C sort`), which is the same on every machine and file system.
 *
 * A picture is a file whose name ends in a picture's extension, in any case; formats that are not decoded (HEIC, BMP, SVG, …) are
 * listed too, so that reading them says so. Everything else is passed over: `labels.csv`, `Thumbs.db`, names that begin with a dot,
 * `__MACOSX`. Symbolic links are followed, and each real folder is entered once, so that loops end. Memory holds
 * the names of one folder and its parents.
 *
 * @throws BiolensError `input` naming the folder that is missing, no folder, without read permission, or in which no
 *   picture was found; `interrupted`.
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
export type ReadImage<T = Image> =
  | { readonly file: string; readonly image: T }
  | { readonly file: string; readonly skipped: string };

export interface ReadImagesOptions extends ReadLimits {
  /** Pictures that are read and decoded at a time, and at most held: memory is bounded by this many. Default 4. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes the pictures of a folder, or those of a list, in its order and with bounded read-ahead. A picture that cannot be
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
 * As `readImages`, with work that is done on each picture as soon as it is decoded, so that only its result waits for its turn.
 *
 * @throws what `work` throws, apart from a BiolensError of code `input`, which is a reason to skip the picture.
 */
export async function* mapImages<T>(
  source: string | Iterable<ImageFile> | AsyncIterable<ImageFile>,
  options: ReadImagesOptions,
  work: (image: Image, file: string) => T | Promise<T>,
): AsyncGenerator<ReadImage<T>> {
  const { concurrency = 4, signal, ...limits } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new BiolensError('usage', `"concurrency" expected a whole number ≥ 1, got ${concurrency}`);
  }
  const read = async ({ file, path }: ImageFile): Promise<ReadImage<T>> => {
    try {
      const image = await decodeImage(path, { ...limits, file, signal });
      return { file, image: await work(image, file) };
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'input')) throw error;
      const named = `${file}: `;
      return { file, skipped: error.message.startsWith(named) ? error.message.slice(named.length) : error.message };
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
