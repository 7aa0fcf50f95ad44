import { stat } from 'node:fs/promises';
import type { SetName } from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import {
  type ImageFile,
  isArchive,
  type Labels,
  listImages,
  type MatchedLabels,
  openArchive,
  readFolderLabels,
  readLabels,
} from '../../kit/images/index.ts';
import { type MatrixFile, openMatrixFile } from '../../kit/tensor/files/node.ts';

/** A set as the user named it, looked at but not yet embedded. */
export type SetSource =
  | {
      readonly kind: 'images';
      readonly set: SetName;
      readonly source: string;
      readonly files: readonly ImageFile[];
      /** Whether `source` is one file, a ZIP or tar archive, and not a folder. */
      readonly archive?: boolean;
      readonly labels: MatchedLabels | null;
    }
  | {
      readonly kind: 'embeddings';
      readonly set: SetName;
      readonly source: string;
      readonly matrix: MatrixFile;
      /** Names of the rows where a table names them. */
      readonly ids: readonly string[] | null;
      readonly labels: Labels | null;
    };

const EMBEDDING_FILE = /\.(npy|npz|safetensors)$/i;
/** Containers that are not read, and the way out. */
const PACKED: readonly (readonly [RegExp, string])[] = [
  [
    /\.(tar\.(gz|bz2|xz|zst)|tgz)$/i,
    'a packed tar file, in which no image can be found without unpacking it; unpack it to .tar or a folder',
  ],
  [/\.(rar|7z)$/i, 'an archive of a kind that is not read; unpack it to a folder'],
];
/** The fewest items an audit can say something about. */
const MIN_ITEMS = 2;

/** @throws BiolensError `input` for what is neither a folder nor a file: a named pipe would be waited for */
async function isFolder(path: string): Promise<boolean> {
  try {
    const status = await stat(path);
    if (status.isDirectory() || status.isFile()) return status.isDirectory();
    throw new Error('neither a folder nor a regular file');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new BiolensError('input', `${path}: ${missing ? 'there is no such file or folder' : messageOf(error)}`, {
      details: { file: path },
      cause: error,
    });
  }
}

async function openFolder(set: SetName, source: string, options: OpenSourceOptions): Promise<SetSource> {
  const { labels, signal } = options;
  const files: ImageFile[] = [];
  for await (const file of listImages(source, signal === undefined ? {} : { signal })) files.push(file);
  if (files.length < MIN_ITEMS)
    throw new BiolensError('input', `${source}: one image only, an audit needs ${MIN_ITEMS} or more`, {
      details: { file: source },
    });
  const matched = await readFolderLabels(source, {
    files: files.map(({ file }) => file),
    ...(labels === undefined ? {} : { labels }),
  });
  return { kind: 'images', set, source, files, labels: matched };
}

async function openImageArchive(set: SetName, source: string, options: OpenSourceOptions): Promise<SetSource> {
  const { files, labels } = await openArchive(source, options);
  if (files.length < MIN_ITEMS)
    throw new BiolensError('input', `${source}: one image only, an audit needs ${MIN_ITEMS} or more`, {
      details: { file: source },
    });
  return { kind: 'images', set, source, files, labels, archive: true };
}

async function openEmbeddings(set: SetName, source: string, { labels }: OpenSourceOptions): Promise<SetSource> {
  const matrix = await openMatrixFile(source);
  try {
    if (matrix.rows < MIN_ITEMS)
      throw new BiolensError(
        'input',
        `${source}: ${matrix.rows === 1 ? 'one row only' : 'no rows'}, an audit needs ${MIN_ITEMS} or more`,
        { details: { file: source } },
      );
    const table = labels === undefined ? null : await readLabels(labels);
    if (table !== null && table.byFile.size !== matrix.rows)
      throw new BiolensError(
        'input',
        `${labels}: expected ${matrix.rows} lines, one for each row of ${source}, got ${table.byFile.size}`,
        { details: { file: labels } },
      );
    return { kind: 'embeddings', set, source, matrix, ids: table && [...table.byFile.keys()], labels: table };
  } catch (error) {
    await matrix.close();
    throw error;
  }
}

export interface OpenSourceOptions {
  /** A table of labels; by default `labels.csv` in a folder of images. */
  readonly labels?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at what the user named as a set: a folder, archive or Parquet file of images, or a `.npy` or `.safetensors` file of embeddings. Nothing is decoded
 * yet; what can be wrong already is found before any work is done or written.
 *
 * @throws BiolensError `input` naming the file or folder: missing, unreadable, empty, one item only, labels of files that do not
 * exist or of another number of rows
 */
export async function openSource(set: SetName, source: string, options: OpenSourceOptions = {}): Promise<SetSource> {
  if (await isFolder(source)) return openFolder(set, source, options);
  if (EMBEDDING_FILE.test(source)) return openEmbeddings(set, source, options);
  if (isArchive(source)) return openImageArchive(set, source, options);
  const packed = PACKED.find(([ending]) => ending.test(source));
  if (packed !== undefined) throw new BiolensError('input', `${source}: ${packed[1]}`, { details: { file: source } });
  throw new BiolensError(
    'input',
    `${source}: expected a folder of images, or a .npy, .npz or .safetensors file, or a .zip, .tar or .parquet file of images`,
    {
      details: { file: source },
    },
  );
}

/** What reports call an item of a file of embeddings. */
export function rowName(source: Extract<SetSource, { kind: 'embeddings' }>, row: number): string {
  return source.ids?.[row] ?? `row ${row}`;
}
