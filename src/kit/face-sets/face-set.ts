import { stat } from 'node:fs/promises';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import {
  type ImageFile,
  isArchive,
  labelsFromFolders,
  listImages,
  matchLabels,
  openArchive,
  readCsv,
  readLabels,
  type Table,
} from '../images/index.ts';
import { type MatrixFile, openMatrixFile } from '../tensor/files/node.ts';

/** An image or a row of a set: whose it is, and what else is known of it. */
export interface FaceSetItem {
  /** Path within the set, or `row 7`. */
  readonly name: string;
  /** Null where it is not known. */
  readonly identity: string | null;
  /** Other columns of the table. */
  readonly attributes: Readonly<Record<string, string | null>>;
}

/** A set of faces as the user named it, looked at but not read: images, or embeddings that were made elsewhere. */
export interface FaceSet {
  readonly set: string;
  readonly source: string;
  readonly items: readonly FaceSetItem[];
  /** One an item; null for embeddings. */
  readonly files: readonly ImageFile[] | null;
  /** One row an item; null for images. */
  readonly matrix: MatrixFile | null;
  /** Whether `source` is one file. */
  readonly isFile: boolean;
  /** Table that the identities are from. */
  readonly labels: string | null;
  close(): Promise<void>;
}

export interface FaceSetOptions {
  /** Table of labels; by default a folder a person. */
  readonly labels?: string | undefined;
  /** Column of the table that names the person. */
  readonly identity?: string | undefined;
  /** Whether the set is of no use where nobody is named. */
  readonly named: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Columns that name a person where none is asked for. */
const IDENTITY_COLUMNS = ['identity', 'person', 'subject', 'person_id', 'subject_id', 'name', 'label', 'id', 'class'];
const EMBEDDINGS = /\.(npy|npz|safetensors)$/i;

function refuse(file: string, why: string, cause?: unknown): BiolensError {
  return new BiolensError('input', `${file}: ${why}`, { details: { file }, cause });
}

async function isFolder(path: string): Promise<boolean> {
  const status = await stat(path).catch(error => {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw refuse(path, missing ? 'there is no such file or folder' : messageOf(error), error);
  });
  if (!status.isDirectory() && !status.isFile()) throw refuse(path, 'neither a folder nor a regular file');
  return status.isDirectory();
}

/** The column of a table that names the person. */
function identityColumn(columns: readonly string[], { labels, identity }: FaceSetOptions): string | null {
  if (identity !== undefined) {
    if (columns.includes(identity)) return identity;
    throw refuse(labels ?? 'labels', `expected a column "${identity}", it has ${columns.join(', ')}`);
  }
  return IDENTITY_COLUMNS.find(name => columns.includes(name)) ?? null;
}

async function openImages(set: string, source: string, options: FaceSetOptions): Promise<FaceSet> {
  const { labels, signal, named } = options;
  const archive = !(await isFolder(source));
  const files = archive
    ? (await openArchive(source, { signal })).files
    : await Array.fromAsync(listImages(source, { signal }));
  const folders = labelsFromFolders(
    files.map(({ file }) => file),
    { attribute: 'identity' },
  );
  const table =
    labels === undefined
      ? null
      : matchLabels(
          await readLabels(labels),
          files.map(({ file }) => file),
        );
  const column = table === null ? null : identityColumn(table.attributes, options);
  const items = files.map(({ file }): FaceSetItem => {
    const attributes = table?.byFile.get(file) ?? {};
    const identity = (column === null ? folders.byFile.get(file)?.identity : attributes[column]) ?? null;
    return { name: file, identity, attributes };
  });
  if (named && items.every(({ identity }) => identity === null))
    throw refuse(
      labels ?? source,
      labels === undefined
        ? 'expected a folder for each person with images in it, or a table of labels'
        : `expected a column identity, it has ${table?.attributes.join(', ')}`,
    );
  return { set, source, items, files, matrix: null, isFile: archive, labels: labels ?? null, close: async () => {} };
}

/** The table of embeddings, read by whatever column it has that names people or files. */
async function readRowLabels(path: string, { identity }: FaceSetOptions): Promise<Table> {
  const keys = identity === undefined ? [...IDENTITY_COLUMNS, 'file'] : [identity];
  let first: unknown;
  for (const key of keys) {
    try {
      return await readCsv(path, { key });
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

async function openEmbeddings(set: string, source: string, options: FaceSetOptions): Promise<FaceSet> {
  const { labels, named } = options;
  if (named && labels === undefined)
    throw new BiolensError('usage', `${source}: embeddings need --labels, a table with a line for each row`);
  const table = labels === undefined ? null : await readRowLabels(labels, options);
  const column = table === null ? null : identityColumn(table.columns, options);
  if (named && column === null)
    throw refuse(labels ?? source, `expected a column identity, it has ${table?.columns.join(', ')}`);
  const matrix = await openMatrixFile(source);
  try {
    if (table !== null && table.rows.length !== matrix.rows)
      throw refuse(
        labels ?? source,
        `expected ${matrix.rows} lines, one for each row of ${source}, got ${table.rows.length}`,
      );
    const items = Array.from({ length: matrix.rows }, (_, row): FaceSetItem => {
      const cells = table?.rows[row] ?? [];
      const attributes = Object.fromEntries((table?.columns ?? []).map((name, c) => [name, cells[c] || null]));
      return {
        name: attributes.file ?? `row ${row}`,
        identity: column === null ? null : (attributes[column] ?? null),
        attributes,
      };
    });
    return { set, source, items, files: null, matrix, isFile: true, labels: labels ?? null, close: matrix.close };
  } catch (error) {
    await matrix.close();
    throw error;
  }
}

/**
 * Looks at a set of faces: a folder or an archive of images, a folder for each person or with a table of labels; or a file of embeddings
 * with a table that has a line for each row. Nothing is decoded yet.
 *
 * @throws BiolensError `input` naming the file: missing, empty, without people, a table of another length
 */
export async function openFaceSet(set: string, source: string, options: FaceSetOptions): Promise<FaceSet> {
  if (EMBEDDINGS.test(source) && !(await isFolder(source))) return openEmbeddings(set, source, options);
  if (!(await isFolder(source)) && !isArchive(source))
    throw refuse(
      source,
      'expected a folder of images, a .zip, .tar or .parquet file of images, or a .npy, .npz or .safetensors file',
    );
  return openImages(set, source, options);
}
