import type { SetName, Skipped } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/index.ts';
import {
  type Image,
  type ImageFile,
  listImages,
  type MatchedLabels,
  mapImages,
  readFolderLabels,
  resizeImage,
} from '../../kit/images/index.ts';
import type { FaceReader } from '../audit/index.ts';
import type { Reading } from './sample.ts';

/** Real images at the size of the model, read by the networks. */
export interface PictureSet {
  readonly set: SetName;
  readonly source: string;
  /** Images of the folder, those that could not be used included. */
  readonly n: number;
  readonly files: readonly string[];
  readonly images: readonly Image[];
  /** `[files, width]` */
  readonly embeddings: Matrix;
  /** `[files]` attribute → class, as the classifier says. */
  readonly predicted: readonly Readonly<Record<string, string>>[];
  /** What a person says; null without a table. */
  readonly given: MatchedLabels | null;
  readonly skipped: readonly Skipped[];
}

/** A folder that is listed, with its labels, and not read yet. */
export interface PictureFolder extends Pick<PictureSet, 'set' | 'source' | 'files' | 'given'> {
  readonly images: readonly ImageFile[];
}

export interface ReadSetOptions {
  readonly reader: FaceReader;
  /** Height and width of the model's images. */
  readonly side: number;
  readonly signal?: AbortSignal | undefined;
}

const DECODED_AHEAD = 2;
const NO_FACE = 'no face found';
/** An audit cannot say anything of fewer. */
const MIN_PICTURES = 2;

/** Rows of embeddings as one matrix. */
export function toMatrix(rows: readonly Float32Array[]): Matrix {
  const cols = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * cols);
  rows.forEach((row, i) => {
    data.set(row, i * cols);
  });
  return { rows: rows.length, cols, data };
}

interface Look {
  readonly picture: Image;
  readonly reading: Reading;
  readonly error?: unknown;
}

/**
 * Lists a folder and reads its labels, without decoding an image.
 *
 * @throws BiolensError `input` for a folder that is not there or is empty, or labels of files that are not there
 */
export async function openPictureFolder(
  set: SetName,
  source: string,
  { labels, signal }: { readonly labels?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<PictureFolder> {
  const images = await Array.fromAsync(listImages(source, { signal }));
  const files = images.map(({ file }) => file);
  const given = await readFolderLabels(source, { files, ...(labels === undefined ? {} : { labels }) });
  return { set, source, files, given, images };
}

/**
 * Reads a folder of images as a model of `side` sees them: the middle square, resized. What cannot be decoded, or where no face is found, is left out with the
 * reason.
 *
 * @returns after yielding how many of them are read
 * @throws BiolensError `input` for a folder without two usable images; `interrupted`
 */
export async function* readPictureSet(
  { set, source, images: found, given }: PictureFolder,
  { reader, side, signal }: ReadSetOptions,
): AsyncGenerator<{ readonly done: number; readonly total: number }, PictureSet> {
  const look = async (image: Image): Promise<Look> => {
    const picture = await resizeImage(image, { width: side, height: side, fit: 'cover' });
    // What a network refuses is no fault of the image, which would be skipped for it.
    return reader.read(picture, { signal }).then(
      reading => ({ picture, reading }),
      (error: unknown) => ({ picture, reading: null, error }),
    );
  };
  const kept: { file: string; image: Image; reading: NonNullable<Reading> }[] = [];
  const skipped: Skipped[] = [];
  let done = 0;
  const concurrency = reader.concurrency + DECODED_AHEAD;
  for await (const item of mapImages(found, signal === undefined ? { concurrency } : { concurrency, signal }, look)) {
    yield { done: ++done, total: found.length };
    if ('skipped' in item) skipped.push({ file: item.file, reason: item.skipped });
    else if ('error' in item.image) throw item.image.error;
    else if (item.image.reading === null) skipped.push({ file: item.file, reason: NO_FACE });
    else kept.push({ file: item.file, image: item.image.picture, reading: item.image.reading });
  }
  if (kept.length < MIN_PICTURES)
    throw new BiolensError(
      'input',
      `${source}: ${kept.length} of ${found.length} images can be used (${skipped[0]?.file}: ${skipped[0]?.reason})`,
      { details: { file: source } },
    );
  return {
    set,
    source,
    n: found.length,
    files: kept.map(({ file }) => file),
    images: kept.map(({ image }) => image),
    embeddings: toMatrix(kept.map(({ reading }) => reading.embedding)),
    predicted: kept.map(({ reading }) => reading.attributes),
    given,
    skipped,
  };
}
