import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { ParquetFile, type RowGroup } from '../parquet/index.ts';
import type { ImageFile } from './folder.ts';
import { labelOf } from './label-values.ts';
import type { Labels } from './labels.ts';

/** Columns of bytes that are looked at first, as data sets call them. */
const USUAL = ['image', 'img', 'images', 'picture', 'photo', 'face'];
/** Row groups whose images stay in memory: the one that is read, and the one before. */
const KEPT_GROUPS = 2;
const MOST_ATTRIBUTES = 200;
const MOST_LABEL = 200;

const bytesSchema = z.union([
  z.instanceof(Uint8Array),
  z.object({ bytes: z.instanceof(Uint8Array) }).transform(({ bytes }) => bytes),
]);
const rowSchema = z.record(z.string(), z.unknown());

const refuse = (path: string, why: string): BiolensError =>
  new BiolensError('input', `${path}: ${why}`, { details: { file: path } });

/** What the images of a file are called: rows have no names of their own that can be trusted to differ. */
const nameOf = (row: number, rows: number): string => `row-${String(row).padStart(String(rows - 1).length, '0')}`;

/** The column that holds images in the first rows that have any. */
async function findColumn(path: string, file: ParquetFile): Promise<string> {
  const [group] = file.groups.filter(({ start, end }) => end > start);
  if (group === undefined) throw refuse(path, 'no rows in it');
  const [first] = z.array(rowSchema).parse(await file.read({ start: group.start, end: group.start + 1 }, file.columns));
  const found = file.columns.filter(column => {
    const value = first?.[column];
    return bytesSchema.safeParse(value).success || isEmptyStruct(value);
  });
  const column = USUAL.find(name => found.includes(name)) ?? found[0];
  if (column === undefined)
    throw refuse(path, `no column holds images as bytes, got ${file.columns.slice(0, 10).join(', ')}`);
  return column;
}

const isEmptyStruct = (value: unknown): boolean => z.object({ bytes: z.null() }).safeParse(value).success;

/** A plain value as a label; undefined for what is none. */
function labelIn(value: unknown, classes: readonly string[] | undefined): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (classes !== undefined && (typeof value === 'number' || typeof value === 'bigint'))
    return classes[Number(value)] ?? null;
  if (typeof value === 'string') return labelOf(value.slice(0, MOST_LABEL));
  if (value instanceof Uint8Array && value.length <= MOST_LABEL) return labelOf(Buffer.from(value).toString('utf8'));
  return ['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

async function readLabelColumns(
  path: string,
  file: ParquetFile,
  { image, rows, signal }: { readonly image: string; readonly rows: number; readonly signal: AbortSignal | undefined },
): Promise<Labels | null> {
  const [head] = z.array(rowSchema).parse(await file.read({ start: 0, end: 1 }, file.columns));
  const plain = file.columns
    .filter(column => column !== image && labelIn(head?.[column], file.classes[column]) !== undefined)
    .slice(0, MOST_ATTRIBUTES);
  if (plain.length === 0) return null;
  const byFile = new Map<string, Record<string, string | null>>();
  for (const group of file.groups) {
    throwIfAborted(signal);
    const read = z.array(rowSchema).parse(await file.read(group, plain));
    for (const [i, row] of read.entries())
      byFile.set(
        nameOf(group.start + i, rows),
        Object.fromEntries(plain.map(column => [column, labelIn(row[column], file.classes[column]) ?? null])),
      );
  }
  return { attributes: plain, byFile, source: path };
}

/** Reads images of one file, a row group at a time, since that is how they are stored. */
class GroupReader {
  readonly #file: ParquetFile;
  readonly #column: string;
  readonly #kept = new Map<RowGroup, Promise<readonly unknown[]>>();

  constructor(file: ParquetFile, column: string) {
    this.#file = file;
    this.#column = column;
  }

  async load(row: number): Promise<Uint8Array> {
    const group = this.#file.groups.find(({ start, end }) => row >= start && row < end);
    if (group === undefined) throw new BiolensError('input', `${this.#file.name}: there is no row ${row}`);
    const rows = z.array(rowSchema).parse(await this.#read(group));
    const bytes = bytesSchema.safeParse(rows[row - group.start]?.[this.#column]);
    if (bytes.success) return bytes.data;
    throw new BiolensError('input', `${this.#file.name}: row ${row} holds no image in "${this.#column}"`);
  }

  #read(group: RowGroup): Promise<readonly unknown[]> {
    const known = this.#kept.get(group);
    if (known !== undefined) return known;
    const rows = this.#file.read(group, [this.#column]);
    this.#kept.set(group, rows);
    rows.catch(() => this.#kept.delete(group));
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_GROUPS) break;
      this.#kept.delete(old);
    }
    return rows;
  }
}

const rowsOf = (file: ParquetFile): number => file.groups.at(-1)?.end ?? 0;

/**
 * Opens a Parquet file as a set of images, as Hugging Face datasets writes one: a column of bytes, or of a struct with `bytes`. Its rows are
 * called `row-17`; plain columns beside it are labels, numbers of classes by their names.
 *
 * @throws BiolensError `input` naming the file: not Parquet, no column of images
 */
export async function openParquetImages(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly files: readonly ImageFile[]; readonly labels: Labels | null }> {
  const file = await ParquetFile.open(dirname(path), basename(path));
  const image = await findColumn(path, file);
  const rows = rowsOf(file);
  const reader = new GroupReader(file, image);
  const files = Array.from({ length: rows }, (_, row): ImageFile => {
    const name = nameOf(row, rows);
    return { file: name, path: `${path}/${name}`, load: () => reader.load(row) };
  });
  return { files, labels: await readLabelColumns(path, file, { image, rows, signal }) };
}

/** The file that images were last shown of: a page shows many of one. */
let shown: { readonly path: string; readonly set: ReturnType<typeof openParquetImages> } | undefined;

/** The bytes of one image of a Parquet file; null where it is not there. @throws where the file cannot be read */
export async function readFromParquet(path: string, name: string): Promise<Uint8Array | null> {
  if (shown?.path !== path) shown = { path, set: openParquetImages(path) };
  const found = (await shown.set).files.find(({ file }) => file === name);
  return found?.load === undefined ? null : await found.load();
}
