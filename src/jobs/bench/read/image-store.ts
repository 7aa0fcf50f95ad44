import { readFile, realpath } from 'node:fs/promises';
import { normalize } from 'node:path';
import type { ImageRef } from '../../../ground/contracts/bench.ts';
import { explainSystemError, fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { ParquetFile, type RowGroup } from '../../../kit/parquet/index.ts';
import { fileInside } from './inside.ts';
import { picturesOf } from './parquet.ts';

/** Gives the encoded bytes of a benchmark's images when they are asked for. */
export interface ImageStore {
  /** @throws {BiolensError} `input` where the image is missing, naming its path. */
  load(ref: ImageRef): Promise<Uint8Array>;
}

/** Opens the images of the benchmark whose references are relative to `root`. Parquet keeps one row group in memory. */
export function openImages(root: string): ImageStore {
  let folder: Promise<string> | undefined;
  let cells: CellReader | undefined;
  return {
    async load(ref) {
      if (ref.file === null) throw new BiolensError('input', `${ref.path}: no such image in ${root}`);
      folder ??= realpath(root).catch((cause: unknown) => {
        folder = undefined;
        throw fileError(root, cause);
      });
      const real = await folder;
      if (ref.cell !== undefined) {
        await fileInside(real, ref.file, { mostBytes: MOST_PARQUET_BYTES });
        cells ??= new CellReader(real);
        return cells.load(normalize(ref.file), ref.cell);
      }
      const path = await fileInside(real, ref.file, { mostBytes: MOST_IMAGE_BYTES });
      try {
        return await readFile(path);
      } catch (cause) {
        throw new BiolensError('input', `${ref.file}: ${explainSystemError(cause)}`, { cause });
      }
    },
  };
}

/** Encoded; the largest photograph has a tenth of it. */
const MOST_IMAGE_BYTES = 256 * 2 ** 20;
/** Read by row groups, so that its size is that of the disk. */
const MOST_PARQUET_BYTES = Number.MAX_SAFE_INTEGER;

class CellReader {
  readonly #root: string;
  readonly #files = new Map<string, Promise<ParquetFile>>();
  #last: { readonly key: string; readonly group: RowGroup; readonly rows: Promise<readonly unknown[]> } | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  async load(name: string, cell: NonNullable<ImageRef['cell']>): Promise<Uint8Array> {
    let opened = this.#files.get(name);
    if (opened === undefined) {
      opened = ParquetFile.open(this.#root, name);
      this.#files.set(name, opened);
    }
    const file = await opened;
    const group = file.groups.find(rows => cell.row >= rows.start && cell.row < rows.end);
    if (group === undefined) throw new BiolensError('input', `${name}: no row ${cell.row}`);
    const key = JSON.stringify([name, cell.column, group.start]);
    if (this.#last?.key !== key) this.#last = { key, group, rows: file.read(group, [cell.column]) };
    const row = (await this.#last.rows)[cell.row - group.start];
    const value = typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
    const bytes = picturesOf(value)[cell.index]?.bytes;
    if (bytes == null) throw new BiolensError('input', `${name}: no image ${cell.index} in row ${cell.row}`);
    return bytes;
  }
}
