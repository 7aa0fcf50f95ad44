import { BiolensError } from '../../ground/errors.ts';
import {
  type Image,
  type ImageFile,
  labelsFromFolders,
  listImages,
  type MatchedLabels,
  mapImages,
  readFolderLabels,
  resizeImage,
} from '../images/index.ts';

/** An attribute to learn: a column of labels, and its classes in the order of the model's logits. */
export interface LearntAttribute {
  readonly name: string;
  readonly classes: readonly string[];
}

/** An image that can be learnt from. */
export interface Example {
  readonly file: string;
  /** All of one side. */
  readonly image: Image;
  /** For each attribute the number of its class; null where it is unknown. */
  readonly labels: readonly (number | null)[];
  /** Images of one group must not be on both sides of a split. */
  readonly group: string;
}

export interface LabelledImages {
  readonly attributes: readonly LearntAttribute[];
  readonly examples: readonly Example[];
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export interface ReadLabelledOptions {
  /** Columns to learn; `ageGroup` finds a column `age_group` too. */
  readonly attributes: readonly string[];
  /** A table of labels; by default `labels.csv` in the folder, else the folder's folders are the classes of the one attribute. */
  readonly labels?: string | undefined;
  readonly size: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadProgress {
  readonly type: 'read';
  readonly done: number;
  readonly total: number;
}

/** Images that say who is in them stay together, so that a copy of a training image is not held out. */
const IDENTITY = 'identity';
/** A column with more values than this is an identity or a measurement. */
const MAX_CLASSES = 100;
const MIN_EXAMPLES = 2;
const READ_AT_A_TIME = 8;

/** A name without case, underscores and hyphens. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_\-\s]/g, '');
}

function findColumn(wanted: string, columns: readonly string[], source: string): string {
  const column = columns.find(name => name === wanted) ?? columns.find(name => plain(name) === plain(wanted));
  if (column !== undefined) return column;
  throw new BiolensError('input', `${source}: there is no column "${wanted}", there are ${columns.join(', ')}`, {
    details: { file: source },
  });
}

function classesOf(name: string, values: readonly (string | null)[], source: string): string[] {
  const refuse = (why: string) => new BiolensError('input', `${source}: ${name} ${why}`, { details: { file: source } });
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const classes = [...counts.keys()].sort();
  if (classes.length < 2) throw refuse(`has ${classes.length === 0 ? 'no class' : `one class only, "${classes[0]}"`}`);
  if (classes.length > MAX_CLASSES)
    throw refuse(`has ${classes.length} different values, which is no attribute with classes`);
  const rare = classes.find(value => (counts.get(value) ?? 0) < MIN_EXAMPLES);
  if (rare !== undefined)
    throw refuse(
      `"${rare}" has one example only, a class needs ${MIN_EXAMPLES} or more (one is held out to measure by)`,
    );
  return classes;
}

/** The folders as the classes of the one attribute; null where that is not what they are. */
function labelsByFolder(files: readonly string[], [attribute, ...more]: readonly string[]): MatchedLabels | null {
  if (attribute === undefined || more.length > 0) return null;
  const labels = labelsFromFolders(files, { attribute });
  return labels.byFile.size === 0 ? null : labels;
}

/**
 * Reads a labelled folder for training: every image resized to a square, with its labels. An image that cannot be used is skipped; one without
 * any of the labels is passed over.
 *
 * @throws BiolensError `input` naming the file: no labels, an attribute that is not there, one class only, a class with one example; `interrupted`
 */
export async function* readLabelled(
  directory: string,
  { attributes: wanted, labels: table, size, signal }: ReadLabelledOptions,
): AsyncGenerator<ReadProgress, LabelledImages> {
  const files: ImageFile[] = [];
  for await (const file of listImages(directory, { signal })) files.push(file);
  const names = files.map(({ file }) => file);
  const found = await readFolderLabels(directory, { files: names, ...(table === undefined ? {} : { labels: table }) });
  const labels = found ?? labelsByFolder(names, wanted);
  if (labels === null)
    throw new BiolensError('input', `${directory}: neither a labels.csv nor a folder per class in it (see --labels)`, {
      details: { file: directory },
    });
  const columns = wanted.map(name => findColumn(name, labels.attributes, labels.source));
  const grouped = labels.attributes.includes(IDENTITY) && !columns.includes(IDENTITY);
  const labelled = files.filter(({ file }) =>
    columns.some(column => (labels.byFile.get(file)?.[column] ?? null) !== null),
  );

  const images = new Map<string, Image>();
  const skipped: { file: string; reason: string }[] = [];
  const options = { concurrency: READ_AT_A_TIME, ...(signal === undefined ? {} : { signal }) };
  let done = 0;
  for await (const read of mapImages(labelled, options, image => resizeImage(image, { width: size, height: size }))) {
    if ('skipped' in read) skipped.push({ file: read.file, reason: read.skipped });
    else images.set(read.file, read.image);
    done++;
    yield { type: 'read', done, total: labelled.length };
  }
  const labelOf = (file: string, column: string) => labels.byFile.get(file)?.[column] ?? null;
  const usable = [...images.keys()];
  const attributes = columns.map(
    (name): LearntAttribute => ({
      name,
      classes: classesOf(
        name,
        usable.map(file => labelOf(file, name)),
        labels.source,
      ),
    }),
  );
  const examples = usable.map((file): Example => {
    const numbers = attributes.map(({ name, classes }) => {
      const value = labelOf(file, name);
      return value === null ? null : classes.indexOf(value);
    });
    return {
      file,
      image: images.get(file)!,
      labels: numbers,
      group: (grouped ? labelOf(file, IDENTITY) : null) ?? `file ${file}`,
    };
  });
  return { attributes, examples, skipped };
}
