import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { BiolensError } from '../../ground/errors.ts';
import { readCsv } from './csv.ts';
import { grouped } from './source.ts';

/** What is known of the pictures of a folder: a value, or `null` for unknown, per file and attribute. */
export interface Labels {
  /** Names of the attributes: the columns other than `file`, in their order. */
  readonly attributes: readonly string[];
  /** By path within the folder, with `/` between its parts. */
  readonly byFile: ReadonlyMap<string, Readonly<Record<string, string | null>>>;
  /** Where they come from, for messages. */
  readonly source: string;
}

/** Labels of the pictures that are there. */
export interface MatchedLabels extends Labels {
  /** Pictures of the folder without a row, or outside every class folder. */
  readonly unlabelled: number;
}

const LABELS_FILE = 'labels.csv';
const NAMED_IN_MESSAGES = 3;

/**
 * Reads a label table: a CSV with a header, a column `file` (paths within the folder of pictures) and a column an attribute. An
 * empty cell is unknown. `readCsv` says which dialects are understood.
 *
 * @throws BiolensError `input` naming the file: unreadable, no column `file`, no other column, an uneven row, a row without a file, a
 *   file that is there twice.
 */
export async function readLabels(csvPath: string): Promise<Labels> {
  const refuse = (why: string): BiolensError =>
    new BiolensError('input', `${csvPath}: ${why}`, { details: { file: csvPath } });
  const { columns, rows } = await readCsv(csvPath, { key: 'file' });
  const key = columns.indexOf('file');
  const attributes = columns.filter(name => name !== 'file');
  if (attributes.length === 0) throw refuse('expected a column besides "file"');
  const byFile = new Map<string, Record<string, string | null>>();
  rows.forEach((cells, i) => {
    const file = cells[key]?.trim() ?? '';
    if (file === '') throw refuse(`row ${i + 1} below the header names no file`);
    if (byFile.has(file)) throw refuse(`"${file}" is there twice`);
    // fromEntries defines own properties, so that a column called __proto__ is a column like any other.
    const values = columns.map((name, c) => [name, cells[c]?.trim() || null] as const);
    byFile.set(file, Object.fromEntries(values.filter(([name]) => name !== 'file')));
  });
  return { attributes, byFile, source: csvPath };
}

/**
 * Brings labels together with the pictures that are there. A label may write its path with `\` or begin it with `.//`.
 *
 * @throws BiolensError `input` naming the first labelled files that do not exist, and their number.
 */
export function matchLabels(labels: Labels, files: Iterable<string>): MatchedLabels {
  const present = new Set(files);
  const byFile = new Map<string, Readonly<Record<string, string | null>>>();
  const missing: string[] = [];
  for (const [file, values] of labels.byFile) {
    const tidy = file.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
    const name = present.has(file) ? file : tidy;
    if (byFile.has(name)) {
      throw new BiolensError('input', `${labels.source}: "${name}" is there twice`, {
        details: { file: labels.source },
      });
    }
    if (present.has(name)) byFile.set(name, values);
    else missing.push(file);
  }
  if (missing.length > 0) {
    const named = missing.slice(0, NAMED_IN_MESSAGES).map(file => `"${file}"`);
    const more = missing.length > named.length ? ', …' : '';
    const files = missing.length === 1 ? 'a file that does' : `${grouped(missing.length)} files that do`;
    throw new BiolensError('input', `${labels.source}: labels ${files} not exist: ${named.join(', ')}${more}`, {
      details: { file: labels.source, missing: missing.length },
    });
  }
  return { ...labels, byFile, unlabelled: present.size - byFile.size };
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
  /** The pictures of the folder, as `listImages` names them. */
  readonly files: Iterable<string>;
  /** A label table; by default `labels.csv` in the folder, if it is there. */
  readonly labels?: string;
  /** Name of the attribute whose classes are the folder's own folders; used when no `labels` are given. */
  readonly folderAttribute?: string;
}

/**
 * Labels of a folder of pictures, from a table or from a folder per class; `null` when it has neither.
 *
 * @throws BiolensError as `readLabels` and `matchLabels`; `input` when no picture lies in a folder per class.
 */
export async function readFolderLabels(directory: string, options: FolderLabelsOptions): Promise<MatchedLabels | null> {
  const { files, labels, folderAttribute } = options;
  if (labels !== undefined) return matchLabels(await readLabels(labels), files);
  if (folderAttribute !== undefined) {
    const found = labelsFromFolders(files, { attribute: folderAttribute });
    if (found.byFile.size > 0) return found;
    throw new BiolensError('input', `${directory}: no folder per class of "${folderAttribute}" with pictures in it`, {
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
