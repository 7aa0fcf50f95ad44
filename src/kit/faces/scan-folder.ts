import { type Image, type ImageFile, listImages, mapImages, type ReadLimits } from '../images/index.ts';

/** Images that are decoded ahead of the networks. */
const DECODED_AHEAD = 2;

export interface ScanOptions extends ReadLimits {
  readonly signal?: AbortSignal | undefined;
}

/** How far a scan is; both grow with every event, `done` up to `total`. */
export interface ScanProgress {
  /** Files finished or skipped, this one included. */
  readonly done: number;
  readonly total: number;
}

/** What is said of every scan; `T` is what it finds in an image. */
export type ScanEvent<T> =
  | { readonly type: 'found'; readonly total: number }
  | (ScanProgress & { readonly type: 'item'; readonly file: string } & T)
  | (ScanProgress & { readonly type: 'skipped'; readonly file: string; readonly reason: string })
  | { readonly type: 'result'; readonly items: number; readonly skipped: number };

/** How a scan looks at one image: what it found, or why there is nothing to say of it. */
export type Look<T> = (image: Image, signal: AbortSignal | undefined) => Promise<T | { readonly skip: string }>;

/**
 * Looks at each image of a folder, in the order of `listImages`; a file that cannot be used is an event and stops nothing.
 *
 * @param concurrency images that are looked at at a time.
 * @throws BiolensError `input` for a folder that is missing, unreadable or without images; `interrupted`.
 */
export async function* scanFolder<T extends object>(
  directory: string,
  look: Look<T>,
  { concurrency, signal, ...limits }: ScanOptions & { readonly concurrency: number },
): AsyncGenerator<ScanEvent<T>> {
  const signalOption = signal === undefined ? {} : { signal };
  const files: ImageFile[] = [];
  for await (const file of listImages(directory, signalOption)) files.push(file);
  const total = files.length;
  yield { type: 'found', total };
  const options = { ...limits, ...signalOption, concurrency: concurrency + DECODED_AHEAD };
  let [done, items] = [0, 0];
  // What a model refuses is no fault of the image, so it is carried out of the reader, which would skip the image.
  const work = (image: Image) =>
    look(image, signal).then(
      seen => ({ seen }),
      (error: unknown) => ({ error }),
    );
  for await (const read of mapImages(files, options, work)) {
    done++;
    const { file } = read;
    if ('skipped' in read) {
      yield { type: 'skipped', done, total, file, reason: read.skipped };
      continue;
    }
    if ('error' in read.image) throw read.image.error;
    const { seen } = read.image;
    if ('skip' in seen) yield { type: 'skipped', done, total, file, reason: seen.skip };
    else {
      items++;
      yield { ...seen, type: 'item', done, total, file };
    }
  }
  yield { type: 'result', items, skipped: total - items };
}
