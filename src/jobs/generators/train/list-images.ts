import { BiolensError } from '../../../ground/errors.ts';
import { type ImageFile, listImages, readFolderLabels, readImages } from '../../../kit/images/index.ts';
import { suggest } from '../../../kit/job/index.ts';

/** What the images of a folder are labelled with, for a model of classes. */
export interface FolderClasses {
  readonly attribute: string;
  /** The classes of the model, in order. */
  readonly names: readonly string[];
  /** By file; null: no class is known. */
  readonly of: ReadonlyMap<string, string | null>;
  /** Where the labels come from, for messages. */
  readonly source: string;
}

/** A folder of images for training, before they are read. */
export interface ListedImages {
  readonly source: string;
  readonly files: readonly ImageFile[];
  readonly classes: FolderClasses | null;
  /** Memory that they fill when they are read. */
  readonly bytes: number;
}

export interface ListOptions {
  /** Side in pixels that they are brought to. */
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

/** No image can be used: the first one says why. */
export function refuseAll(
  { source, files }: Pick<ListedImages, 'source' | 'files'>,
  first: { readonly file: string; readonly reason: string } | undefined,
): BiolensError {
  return refuse(source, `none of its ${files.length} images can be used (${first?.file}: ${first?.reason})`);
}

/** @throws {BiolensError} `input` naming the first class that no label is of. */
export function checkClasses({ attribute, names, source }: FolderClasses, labels: Iterable<string | null>): void {
  const present = new Set(labels);
  const empty = names.find(name => !present.has(name));
  if (empty === undefined) return;
  const others = [...present].filter(name => name !== null && !names.includes(name)).map(String);
  throw refuse(source, `class "${empty}" of "${attribute}" has no image${suggest(empty, others)}`);
}

/** Why an image cannot be used for its label; null: it can. */
export function whyUnlabelled(classes: FolderClasses | null, file: string): string | null {
  if (classes === null) return null;
  const name = classes.of.get(file) ?? null;
  if (name === null) return 'has no class';
  return classes.names.includes(name) ? null : `is of another class, ${name}`;
}

async function readClasses(
  source: string,
  files: readonly ImageFile[],
  { classes, labels }: ListOptions,
): Promise<FolderClasses | null> {
  if (classes === undefined) return null;
  const { attribute } = classes;
  const names = files.map(({ file }) => file);
  const found = await readFolderLabels(source, { files: names, ...(labels === undefined ? {} : { labels }) });
  if (found === null)
    throw refuse(source, `classes of "${attribute}" need labels: no labels.csv in the folder, name one with labels`);
  const { attributes } = found;
  if (!attributes.includes(attribute))
    throw refuse(
      found.source,
      `no column "${attribute}" (there are ${attributes.join(', ')})${suggest(attribute, attributes)}`,
    );
  const of = new Map(names.map(file => [file, found.byFile.get(file)?.[attribute] ?? null]));
  const present = [...new Set([...of.values()].filter(value => value !== null))].sort();
  return { attribute, names: classes.names ?? present, of, source: found.source };
}

/** Why an image cannot be decoded; null: it can. */
async function whyUnreadable(file: ImageFile, signal: AbortSignal | undefined): Promise<string | null> {
  for await (const read of readImages([file], { signal })) return 'skipped' in read ? read.skipped : null;
  return null;
}

/** Decodes images up to the first one that can be used. */
async function checkUsable(
  listed: Pick<ListedImages, 'source' | 'files' | 'classes'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let first: { readonly file: string; readonly reason: string } | undefined;
  for (const file of listed.files) {
    const reason = whyUnlabelled(listed.classes, file.file) ?? (await whyUnreadable(file, signal));
    if (reason === null) return;
    first ??= { file: file.file, reason };
  }
  throw refuseAll(listed, first);
}

/**
 * Lists a folder of images for training and finds what is wrong with it that can be found without reading all of them.
 *
 * @throws {BiolensError} `input` naming the folder, the labels, or the class without an image; `interrupted`.
 */
export async function listTrainingImages(source: string, options: ListOptions): Promise<ListedImages> {
  const { size, signal } = options;
  const files: ImageFile[] = [];
  for await (const file of listImages(source, { signal })) files.push(file);
  const bytes = files.length * 3 * size * size;
  if (bytes > MEMORY_SHARE * process.availableMemory())
    throw refuse(
      source,
      `${files.length} images of ${size} × ${size} need ${Math.round(bytes / 1e6)} MB, more than half of the free memory`,
    );
  const classes = await readClasses(source, files, options);
  await checkUsable({ source, files, classes }, signal);
  if (classes !== null) checkClasses(classes, classes.of.values());
  return { source, files, classes, bytes };
}
