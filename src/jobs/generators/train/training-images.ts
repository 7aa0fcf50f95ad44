import { createHash } from 'node:crypto';
import type { Skipped } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type ImageFile, listImages, mapImages, readFolderLabels, resizeImage } from '../../../kit/images/index.ts';

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
  readonly labels?: string | undefined;
  readonly classes?: { readonly attribute: string; readonly names?: readonly string[] | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Part of the free memory that images may fill. */
const MEMORY_SHARE = 0.5;

function refuse(source: string, why: string): BiolensError {
  return new BiolensError('input', `${source}: ${why}`, { details: { file: source } });
}

interface Classes {
  readonly names: readonly string[];
  readonly of: ReadonlyMap<string, string | null>;
  readonly source: string;
}

async function readClasses(source: string, files: readonly ImageFile[], options: ReadOptions): Promise<Classes | null> {
  const { classes, labels } = options;
  if (classes === undefined) return null;
  const { attribute } = classes;
  const names = files.map(({ file }) => file);
  const found = await readFolderLabels(source, { files: names, ...(labels === undefined ? {} : { labels }) });
  if (found === null)
    throw refuse(source, `classes of "${attribute}" need labels: no labels.csv in the folder, name one with labels`);
  if (!found.attributes.includes(attribute))
    throw refuse(found.source, `no column "${attribute}" (there are ${found.attributes.join(', ')})`);
  const of = new Map(names.map(file => [file, found.byFile.get(file)?.[attribute] ?? null]));
  const present = [...new Set([...of.values()].filter(value => value !== null))].sort();
  return { names: classes.names ?? present, of, source: found.source };
}

/** Channels as planes. */
function toPlanes(data: Uint8Array, into: Uint8Array): void {
  const plane = into.length / 3;
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) into[c * plane + i] = data[i * 3 + c]!;
}

/**
 * Reads a folder of images for training. Those of another size are scaled to cover the square and cropped about its centre; those that cannot be
 * read, or have no class where classes are wanted, are skipped with the reason.
 *
 * @yields how many files have been looked at
 * @throws {BiolensError} `input` naming the folder, the labels or the class without an image; `interrupted`.
 */
export async function* readTrainingImages(
  source: string,
  options: ReadOptions,
): AsyncGenerator<{ readonly done: number; readonly total: number }, TrainingImages> {
  const { size, signal } = options;
  const files: ImageFile[] = [];
  for await (const file of listImages(source, { signal })) files.push(file);
  const each = 3 * size * size;
  if (files.length * each > MEMORY_SHARE * process.availableMemory())
    throw refuse(
      source,
      `${files.length} images of ${size} × ${size} need ${Math.round((files.length * each) / 1e6)} MB, more than half of the free memory`,
    );
  const classes = await readClasses(source, files, options);
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
    yield { done: ++done, total: files.length };
    if ('skipped' in read) {
      skipped.push({ file: read.file, reason: read.skipped });
      continue;
    }
    const label = classes === null ? 0 : classes.names.indexOf(classes.of.get(read.file) ?? '');
    if (label < 0) {
      const named = classes?.of.get(read.file) ?? null;
      skipped.push({ file: read.file, reason: named === null ? 'has no class' : `is of another class, ${named}` });
      continue;
    }
    toPlanes(read.image.image.data, pixels.subarray(n * each, (n + 1) * each));
    labels.push(label);
    if (read.image.other) resized++;
    n++;
  }
  const [first] = skipped;
  if (n === 0)
    throw refuse(source, `none of its ${files.length} images can be used (${first?.file}: ${first?.reason})`);
  const empty = classes?.names.find((_, index) => !labels.includes(index));
  if (empty !== undefined)
    throw refuse(classes?.source ?? source, `class "${empty}" of "${options.classes?.attribute}" has no image`);
  const used = pixels.slice(0, n * each);
  const digest = createHash('sha256').update(used).update(Uint16Array.from(labels)).digest('hex');
  return {
    source,
    n,
    size,
    pixels: used,
    labels: classes === null ? null : labels,
    classes: classes?.names ?? null,
    attribute: options.classes?.attribute ?? null,
    resized,
    skipped,
    digest,
  };
}
