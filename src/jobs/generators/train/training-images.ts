import { createHash } from 'node:crypto';
import type { Skipped } from '../../../ground/contracts/index.ts';
import { mapImages, resizeImage } from '../../../kit/images/index.ts';
import { checkClasses, type ListedImages, refuseAll, whyUnlabelled } from './list-images.ts';

/** Images as training takes them, all of one size, in memory. */
export interface TrainingImages {
  readonly source: string;
  readonly n: number;
  /** Side in pixels. */
  readonly size: number;
  /** `[n, 3, size, size]`, 0 … 255 */
  readonly pixels: Uint8Array;
  /** Class of each image by index, `[n]`; null without classes. */
  readonly labels: readonly number[] | null;
  readonly classes: readonly string[] | null;
  readonly attribute: string | null;
  /** Images that had another size. */
  readonly resized: number;
  readonly skipped: readonly Skipped[];
  /** SHA-256 of pixels and labels. */
  readonly digest: string;
}

export interface ReadOptions {
  readonly size: number;
  readonly signal?: AbortSignal | undefined;
}

/** How many files have been looked at. */
export interface ReadProgress {
  readonly type: 'reading';
  readonly done: number;
  readonly total: number;
}

/** Channels as planes. */
function toPlanes(data: Uint8Array, into: Uint8Array): void {
  const plane = into.length / 3;
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) into[c * plane + i] = data[i * 3 + c]!;
}

/**
 * Reads the images of a folder for training. Those of another size are scaled to cover the square and cropped about its centre; those that
 * cannot be read, or have no class where classes are wanted, are skipped with the reason.
 *
 * @throws {BiolensError} `input` naming the folder, or the class without an image that can be read; `interrupted`.
 */
export async function* readTrainingImages(
  listed: ListedImages,
  { size, signal }: ReadOptions,
): AsyncGenerator<ReadProgress, TrainingImages> {
  const { source, files, classes } = listed;
  const each = 3 * size * size;
  const pixels = new Uint8Array(files.length * each);
  const labels: number[] = [];
  const skipped: Skipped[] = [];
  let n = 0;
  let resized = 0;
  let done = 0;
  const prepared = mapImages(files, { signal }, async image => ({
    other: image.width !== size || image.height !== size,
    image: await resizeImage(image, { width: size, height: size, fit: 'cover' }),
  }));
  for await (const read of prepared) {
    yield { type: 'reading', done: ++done, total: files.length };
    const { file } = read;
    if ('skipped' in read) {
      skipped.push({ file, reason: read.skipped });
      continue;
    }
    const reason = whyUnlabelled(classes, file);
    if (reason !== null) {
      skipped.push({ file, reason });
      continue;
    }
    toPlanes(read.image.image.data, pixels.subarray(n * each, (n + 1) * each));
    labels.push(classes === null ? 0 : classes.names.indexOf(classes.of.get(file) ?? ''));
    if (read.image.other) resized++;
    n++;
  }
  if (n === 0) throw refuseAll(listed, skipped[0]);
  if (classes !== null)
    checkClasses(
      classes,
      labels.map(label => classes.names[label]!),
    );
  const used = pixels.slice(0, n * each);
  const digest = createHash('sha256').update(used).update(Uint16Array.from(labels)).digest('hex');
  return {
    source,
    n,
    size,
    pixels: used,
    labels: classes === null ? null : labels,
    classes: classes?.names ?? null,
    attribute: classes?.attribute ?? null,
    resized,
    skipped,
    digest,
  };
}
