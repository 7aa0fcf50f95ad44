import { BiolensError } from '../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../ground/math/index.ts';
import {
  type Image,
  type ImageFile,
  listImages,
  type MatchedLabels,
  mapImages,
  readFolderLabels,
  resizeImage,
} from '../../kit/images/index.ts';
import { suggest } from '../../kit/job/index.ts';

/** Images of a folder at the size of the study, with their labels. */
export interface Pictures {
  readonly side: number;
  readonly files: readonly string[];
  /** `[n, side, side, 3]` */
  readonly pixels: Uint8Array;
  readonly labels: readonly Readonly<Record<string, string | null>>[];
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export interface LabelledFolder {
  readonly files: readonly ImageFile[];
  readonly labels: MatchedLabels;
}

/**
 * Lists a folder and reads its labels, without decoding an image.
 *
 * @throws {BiolensError} `input` when there are no labels, or none of an attribute
 */
export async function openLabelledFolder(
  directory: string,
  {
    labels: table,
    attributes,
    signal,
  }: {
    readonly labels?: string | undefined;
    readonly attributes: readonly string[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<LabelledFolder> {
  const files = await Array.fromAsync(listImages(directory, { signal }));
  const names = files.map(({ file }) => file);
  const labels = await readFolderLabels(directory, { files: names, ...(table === undefined ? {} : { labels: table }) });
  if (labels === null)
    throw new BiolensError('input', `${directory}: it has no labels.csv; name the labels with --labels`);
  const missing = attributes.find(attribute => !labels.attributes.includes(attribute));
  if (missing !== undefined)
    throw new BiolensError(
      'input',
      `${labels.source}: no column "${missing}", there are ${labels.attributes.join(', ')}${suggest(missing, labels.attributes)}`,
    );
  return { files, labels };
}

/** Decodes the images, squares them about their centre and resizes them. */
export async function* readPictures(
  { files, labels }: LabelledFolder,
  { side, signal }: { readonly side: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<{ readonly done: number; readonly total: number }, Pictures> {
  const kept: { file: string; image: Image }[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const shrink = (image: Image): Promise<Image> => resizeImage(image, { width: side, height: side, fit: 'cover' });
  for await (const read of mapImages(files, { signal }, shrink)) {
    if ('image' in read) kept.push(read);
    else skipped.push({ file: read.file, reason: read.skipped });
    yield { done: kept.length + skipped.length, total: files.length };
  }
  const pixels = new Uint8Array(kept.length * side * side * 3);
  kept.forEach(({ image }, i) => {
    pixels.set(image.data, i * side * side * 3);
  });
  return {
    side,
    files: kept.map(({ file }) => file),
    pixels,
    labels: kept.map(({ file }) => labels.byFile.get(file) ?? {}),
    skipped,
  };
}

/** One image; it shares memory. */
export function pictureAt({ side, pixels }: Pick<Pictures, 'side' | 'pixels'>, index: number): Image {
  const size = side * side * 3;
  return { width: side, height: side, data: pixels.subarray(index * size, (index + 1) * size) };
}

/** Numbers in [−1, 1] of pixels; the way back is {@link toPixels}. */
const toUnit = (value: number): number => value / 127.5 - 1;

/** Images `[n, 3, side, side]` in [−1, 1] as images. */
export function toPixels(images: Float32Array, side: number): Pick<Pictures, 'side' | 'pixels'> {
  const plane = side * side;
  const pixels = new Uint8Array(images.length);
  for (let i = 0; i < images.length; i++) {
    const [image, channel, at] = [Math.floor(i / (3 * plane)), Math.floor(i / plane) % 3, i % plane];
    pixels[(image * plane + at) * 3 + channel] = Math.round((images[i]! + 1) * 127.5);
  }
  return { side, pixels };
}

/**
 * The images of a training step: every image of the subset once in each pass, passes in orders of their own, flipped or not by chance.
 * A function of the key and the step alone, so that a resumed training sees what an uninterrupted one would have.
 *
 * @param subset indices of images
 * @param step counts from 0
 * @returns `[batchSize, 3, side, side]` in [−1, 1]
 */
export function drawTrainingBatch(
  { side, pixels }: Pick<Pictures, 'side' | 'pixels'>,
  {
    key,
    subset,
    step,
    batchSize,
  }: { readonly key: RandomKey; readonly subset: readonly number[]; readonly step: number; readonly batchSize: number },
): Float32Array {
  const plane = side * side;
  const batch = new Float32Array(batchSize * 3 * plane);
  const mirror = openStream(foldIn(foldIn(key, 'mirror'), step));
  let pass = -1;
  let order: number[] = [];
  for (let b = 0; b < batchSize; b++) {
    const position = step * batchSize + b;
    const now = Math.floor(position / subset.length);
    if (now !== pass) {
      pass = now;
      order = openStream(foldIn(foldIn(key, 'pass'), pass)).shuffle([...subset]);
    }
    const from = order[position % subset.length]! * plane * 3;
    const mirrored = mirror.bool();
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const source = from + (y * side + (mirrored ? side - 1 - x : x)) * 3;
        const to = b * 3 * plane + y * side + x;
        for (let c = 0; c < 3; c++) batch[to + c * plane] = toUnit(pixels[source + c]!);
      }
  }
  return batch;
}
