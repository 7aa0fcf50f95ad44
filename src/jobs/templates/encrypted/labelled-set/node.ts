import { access, stat } from 'node:fs/promises';
import type { Skipped } from '../../../../ground/contracts/index.ts';
import { fileError } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import type { Matrix } from '../../../../ground/math/index.ts';
import { readTable } from '../../../../kit/images/csv.ts';
import { readAll } from '../../../../kit/tensor/index.ts';
import { openMatrixFile } from '../../../../kit/tensor/node.ts';

/** Embeddings with the person of each. */
export interface LabelledSet {
  /** What messages call it. */
  readonly name: string;
  readonly matrix: Matrix;
  /** A name a row: the image's file, or the row's number. */
  readonly items: readonly string[];
  /** Who it is, a row; `null` where that is not known. */
  readonly identities: readonly (string | null)[];
  readonly skipped: readonly Skipped[];
  /** The embedder's name; `null` for embeddings made elsewhere. */
  readonly embedder: string | null;
}

export interface ReadSetOptions {
  /** A CSV with a row for each embedding; by default the one beside the file. */
  readonly labels?: string | undefined;
  readonly embedder: string;
  readonly device?: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number | null }) => void;
}

/** Columns that say who somebody is, the first that is there; then the folder of a column of files. */
const PERSON_COLUMNS = ['identity', 'person', 'subject', 'label', 'name'];
const FILE_COLUMNS = ['file', 'filename', 'path', 'image'];
const MOST_NAME = 200;

const folderOf = (file: string): string | null => {
  const end = file.replaceAll('\\', '/').indexOf('/');
  return end > 0 ? file.slice(0, end) : null;
};

function checkNames(name: string, identities: readonly (string | null)[]): void {
  const long = identities.findIndex(identity => identity !== null && identity.length > MOST_NAME);
  if (long >= 0)
    throw new BiolensError('input', `${name}: the identity of row ${long} is longer than ${MOST_NAME} characters`);
}

/** The position of the first of the names that a header has. */
const findColumn = (header: readonly string[], names: readonly string[]): number =>
  names.map(name => header.findIndex(column => column.toLowerCase() === name)).find(at => at >= 0) ?? -1;

async function readPeople(path: string, rows: number): Promise<{ people: (string | null)[]; items: string[] }> {
  const table = await readTable(path, {
    findKey: header => Math.max(findColumn(header, PERSON_COLUMNS), findColumn(header, FILE_COLUMNS)),
    expected: `${PERSON_COLUMNS.join(', ')}, or file`,
  });
  if (table.rows.length !== rows)
    throw new BiolensError('input', `${path}: ${table.rows.length} rows, expected ${rows}, one an embedding`);
  const [person, file] = [findColumn(table.columns, PERSON_COLUMNS), findColumn(table.columns, FILE_COLUMNS)];
  const people = table.rows.map(cells => (person < 0 ? folderOf(cells[file]!) : cells[person]!.trim() || null));
  return { people, items: table.rows.map((cells, i) => (file < 0 ? `${i}` : cells[file]!)) };
}

async function labelsBeside(path: string): Promise<string> {
  const stem = path.replace(/\.[^./\\]+$/, '');
  for (const end of ['.labels.csv', '.csv', '.files.csv']) {
    const there = await access(`${stem}${end}`).then(
      () => true,
      () => false,
    );
    if (there) return `${stem}${end}`;
  }
  throw new BiolensError('input', `${path}: no labels beside it (${stem}.labels.csv); name them`);
}

async function readEmbeddings(path: string, { labels }: ReadSetOptions): Promise<LabelledSet> {
  const file = await openMatrixFile(path);
  try {
    if (file.rows === 0) throw new BiolensError('input', `${path}: no embeddings`);
    const matrix = await readAll(file);
    const { people, items } = await readPeople(labels ?? (await labelsBeside(path)), matrix.rows);
    return { name: path, matrix, items, identities: people, skipped: [], embedder: null };
  } finally {
    await file.close();
  }
}

async function embedImages(path: string, options: ReadSetOptions): Promise<LabelledSet> {
  const { collectEmbeddings, embedFolder, openEmbedder } = await import('../../../../kit/faces/index.ts');
  if (options.labels !== undefined)
    throw new BiolensError(
      'usage',
      `${path}: labels are for a file of embeddings; a folder of images is one of folders a person`,
    );
  const { device = 'auto', signal } = options;
  await using embedder = await openEmbedder(options.embedder, { device });
  const events = embedFolder(path, { embedder, signal });
  const { files, matrix, skipped } = await collectEmbeddings(events, event => {
    if ('done' in event) options.onProgress?.(event);
  });
  if (files.length === 0)
    throw new BiolensError(
      'input',
      `${path}: none of its ${skipped.length} images could be used (${skipped[0]?.reason})`,
    );
  return { name: path, matrix, items: files, identities: files.map(folderOf), skipped, embedder: embedder.name };
}

/**
 * Reads a folder of images with a folder a person, or a `.npy`, `.npz` or `.safetensors` file of embeddings with a CSV of who each row is.
 *
 * @throws {BiolensError} `input` naming the file: missing, of another form, without labels, labels of another length
 */
export async function readLabelledSet(path: string, options: ReadSetOptions): Promise<LabelledSet> {
  const status = await stat(path).catch(error => {
    throw fileError(path, error);
  });
  const set = await (status.isDirectory() ? embedImages : readEmbeddings)(path, options);
  checkNames(path, set.identities);
  return set;
}
