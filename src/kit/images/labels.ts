import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { BiolensError } from '../../ground/errors.ts';
import { type FindKey, readTable, type TableBytes } from './csv.ts';
import { labelOf, oneSpelling } from './label-values.ts';
import { grouped } from './source.ts';

/** What is known of the images of a folder: a value, or `null` for unknown, per file and attribute. */
export interface Labels {
  /** Names of the attributes: the columns other than `file`, in their order. */
  readonly attributes: readonly string[];
  /** By path within the folder, with `/` between its parts. */
  readonly byFile: ReadonlyMap<string, Readonly<Record<string, string | null>>>;
  /** Where they come from, for messages. */
  readonly source: string;
}

/** Labels of the images that are there. */
export interface MatchedLabels extends Labels {
  /** Images of the folder without a row, or outside every class folder. */
  readonly unlabelled: number;
  /** Labels whose image is not there, as the table names them. */
  readonly missing?: readonly string[];
}

const LABELS_FILE = 'labels.csv';
const NAMED_IN_MESSAGES = 3;

/** What the column of file names is called, without its case, spaces and underscores: by biolens, Hugging Face, pandas, CelebA, FairFace and others. */
const FILE_COLUMNS = [
  'file',
  'filename',
  'filepath',
  'path',
  'fullpath',
  'relativepath',
  'image',
  'imagefile',
  'imagefilename',
  'imagename',
  'imagepath',
  'imageid',
  'img',
  'imgname',
  'imgpath',
  'imgid',
  'photo',
];
const IMAGE_NAME = /\.(jpe?g|jpe|jfif|png|webp|avif|tiff?|gif|bmp|pgm|ppm|pnm|heic)$/i;

const foldName = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '');

/** The column of file names: `file` itself, one of the other names for it, or the first whose cells are names of images. */
const findFileColumn: FindKey = (header, rows) => {
  const exact = header.indexOf('file');
  if (exact >= 0) return exact;
  const folded = header.map(foldName);
  for (const name of FILE_COLUMNS) if (folded.includes(name)) return folded.indexOf(name);
  if (header.length < 2) return -1;
  return header.findIndex((_, c) => rows.length > 0 && rows.every(cells => IMAGE_NAME.test((cells[c] ?? '').trim())));
};

/**
 * Reads a label table: a CSV with a header, a column `file` (paths within the folder of images; `file_name`, `filename`, `path`,
 * `image`, `image_id` and the like in any case are taken too) and a column an attribute. What programs write for a missing value (an empty
 * cell, `NaN`, `N/A`, `None`, `-`) is unknown; values that differ in case alone are one, spelled as most of them are. `readCsv` says which
 * dialects are understood.
 *
 * @throws BiolensError `input` naming the file: unreadable, no column of files, no other column, an uneven row, a row without a file, a
 *   file that is there twice with different values.
 */
export async function readLabels(table: string | TableBytes): Promise<Labels> {
  const csvPath = typeof table === 'string' ? table : table.name;
  const refuse = (why: string): BiolensError =>
    new BiolensError('input', `${csvPath}: ${why}`, { details: { file: csvPath } });
  const expected = '"file" (or file_name, filename, path, image)';
  const { columns, rows, key } = await readTable(table, { findKey: findFileColumn, expected });
  const attributes = columns.filter((_, c) => c !== key);
  if (attributes.length === 0) throw refuse(`expected a column besides "${columns[key]}"`);
  const values = rows.map(cells => cells.map(labelOf));
  const spellings = columns.map((_, c) => (c === key ? null : oneSpelling(values.map(cells => cells[c] ?? null))));
  const byFile = new Map<string, Record<string, string | null>>();
  rows.forEach((cells, i) => {
    const file = cells[key]?.trim() ?? '';
    if (file === '') throw refuse(`row ${i + 1} below the header names no file`);
    // fromEntries defines own properties, so that a column called __proto__ is a column like any other.
    const entries = columns.map((name, c) => [name, spellings[c]?.(values[i]?.[c] ?? null) ?? null] as const);
    const own: Record<string, string | null> = Object.fromEntries(entries.filter((_, c) => c !== key));
    const former = byFile.get(file);
    if (former !== undefined) {
      const differs = attributes.find(name => former[name] !== own[name]);
      if (differs === undefined) return;
      throw refuse(`"${file}" is there twice, with ${differs} "${former[differs] ?? ''}" and "${own[differs] ?? ''}"`);
    }
    byFile.set(file, own);
  });
  return { attributes, byFile, source: csvPath };
}

/** A path as labels and folders agree on: `/` between its parts, no `./` in front. */
function tidyPath(path: string): string {
  return path.replaceAll('\\', '/').replace(/^(?:\.\/+)+/, '');
}

/** The last part of a path without its case and without the ending of an image. */
function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.replace(IMAGE_NAME, '').toLowerCase();
}

/** The folders of a path, innermost first, without their case. */
function foldersOf(path: string): string[] {
  return path
    .toLowerCase()
    .split('/')
    .slice(0, -1)
    .filter(part => part !== '')
    .reverse();
}

/** Whether one of two paths lies below the other's folders: `/home/x/A/1.jpg` and `A/1.jpg`, `1.jpg` and `img/1.jpg`. */
function areNested(a: string, b: string): boolean {
  const [first, second] = [foldersOf(a), foldersOf(b)];
  return first.slice(0, second.length).every((part, i) => part === second[i]);
}

/**
 * The file that a label means though it is not written alike: with folders in front or without them, another case, no ending or another
 * one. Undefined where there is none or more than one.
 */
function findAlike(label: string, byStem: ReadonlyMap<string, readonly string[]>): string | undefined {
  const alike = (byStem.get(stemOf(label)) ?? []).filter(file => areNested(label, file));
  const ending = IMAGE_NAME.exec(label)?.[1]?.toLowerCase();
  const same = alike.filter(file => ending !== undefined && IMAGE_NAME.exec(file)?.[1]?.toLowerCase() === ending);
  const found = same.length > 0 ? same : alike;
  return found.length === 1 ? found[0] : undefined;
}

/**
 * Brings labels together with the images that are there. A label may write its path with `\`, begin it with `./`, have folders in front
 * that the images have not or lack those that they have, and differ in case or ending, as long as one image alone is meant. Labels of
 * images that are not there are counted in `missing`.
 *
 * @throws BiolensError `input` where not one label names an image that is there, naming the first ones; for two labels of one image that
 *   differ.
 */
export function matchLabels(labels: Labels, files: Iterable<string>): MatchedLabels {
  const present = new Set(files);
  const byFile = new Map<string, Readonly<Record<string, string | null>>>();
  const left: string[] = [];
  const labelOfFile = new Map<string, string>();
  const twice = (file: string, label: string): BiolensError => {
    const former = labelOfFile.get(file) ?? file;
    const names =
      former === label || former === file
        ? `"${file}" is there twice`
        : `"${former}" and "${label}" both mean "${file}"`;
    return new BiolensError('input', `${labels.source}: ${names}`, { details: { file: labels.source } });
  };
  const take = (file: string, label: string): void => {
    const values = labels.byFile.get(label)!;
    const former = byFile.get(file);
    if (former !== undefined && labels.attributes.some(name => former[name] !== values[name])) throw twice(file, label);
    if (former !== undefined) return;
    byFile.set(file, values);
    labelOfFile.set(file, label);
  };
  for (const label of labels.byFile.keys()) {
    const tidy = tidyPath(label);
    if (present.has(label)) take(label, label);
    else if (present.has(tidy)) take(tidy, label);
    else left.push(label);
  }
  const byStem = new Map<string, string[]>();
  if (left.length > 0)
    for (const file of present) {
      const stem = stemOf(file);
      const own = byStem.get(stem);
      if (own === undefined) byStem.set(stem, [file]);
      else own.push(file);
    }
  const named = new Set(byFile.keys());
  const missing: string[] = [];
  for (const label of left) {
    const file = findAlike(tidyPath(label), byStem);
    // A file that a label names as it is called is that label's.
    if (file === undefined || named.has(file)) missing.push(label);
    else take(file, label);
  }
  if (byFile.size === 0 && missing.length > 0) {
    const first = missing.slice(0, NAMED_IN_MESSAGES).map(file => `"${file}"`);
    const more = missing.length > first.length ? ', …' : '';
    const counted = missing.length === 1 ? 'a file that does' : `${grouped(missing.length)} files that do`;
    throw new BiolensError('input', `${labels.source}: labels ${counted} not exist: ${first.join(', ')}${more}`, {
      details: { file: labels.source, missing: missing.length },
    });
  }
  return { ...labels, byFile, unlabelled: present.size - byFile.size, missing };
}

/** Takes the first folder of each path as the value of one attribute: `male/1.png` → `male`. */
export function labelsFromFolders(files: Iterable<string>, options: { readonly attribute: string }): MatchedLabels {
  const { attribute } = options;
  const byFile = new Map<string, Readonly<Record<string, string | null>>>();
  let unlabelled = 0;
  for (const file of files) {
    const end = file.indexOf('/');
    if (end > 0) byFile.set(file, Object.fromEntries([[attribute, file.slice(0, end)]]));
    else unlabelled++;
  }
  return { attributes: [attribute], byFile, source: `folders as "${attribute}"`, unlabelled };
}

export interface FolderLabelsOptions {
  /** The images of the folder, as `listImages` names them. */
  readonly files: Iterable<string>;
  /** A label table; by default `labels.csv` in the folder, if it is there. */
  readonly labels?: string;
  /** Name of the attribute whose classes are the folder's own folders; used when no `labels` are given. */
  readonly folderAttribute?: string;
}

/**
 * Labels of a folder of images, from a table or from a folder per class; `null` when it has neither.
 *
 * @throws BiolensError as `readLabels` and `matchLabels`; `input` when no image lies in a folder per class.
 */
export async function readFolderLabels(directory: string, options: FolderLabelsOptions): Promise<MatchedLabels | null> {
  const { files, labels, folderAttribute } = options;
  if (labels !== undefined) return matchLabels(await readLabels(labels), files);
  if (folderAttribute !== undefined) {
    const found = labelsFromFolders(files, { attribute: folderAttribute });
    if (found.byFile.size > 0) return found;
    throw new BiolensError('input', `${directory}: no folder per class of "${folderAttribute}" with images in it`, {
      details: { file: directory },
    });
  }
  const own = join(directory, LABELS_FILE);
  const exists = await access(own).then(
    () => true,
    () => false,
  );
  return exists ? matchLabels(await readLabels(own), files) : null;
}
