import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type { ImageRef } from '../../../ground/contracts/bench.ts';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { picturesOf } from './parquet.ts';
import { ParquetFile, type RowGroup } from './parquet-file.ts';

/** Gives the encoded bytes of a benchmark's pictures when they are asked for. */
export interface ImageStore {
  /** @throws {BiolensError} `input` where the picture is missing, naming its path. */
  load(ref: ImageRef): Promise<Uint8Array>;
}

/** Opens the pictures of the benchmark whose references are relative to `root`. Parquet keeps one row group in memory. */
export function openImages(root: string): ImageStore {
  const cells = new CellReader(root);
  return {
    async load(ref) {
      if (ref.file === null) throw new BiolensError('input', `${ref.path}: no such picture in ${root}`);
      const file = normalize(ref.file);
      if (isAbsolute(file) || file.startsWith('..'))
        throw new BiolensError('input', `${ref.file}: outside the benchmark's folder`);
      if (ref.cell !== undefined) return cells.load(file, ref.cell);
      try {
        return await readFile(join(root, file));
      } catch (cause) {
        throw new BiolensError('input', `${ref.file}: ${messageOf(cause)}`, { cause });
      }
    },
  };
}

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
    if (bytes == null) throw new BiolensError('input', `${name}: no picture ${cell.index} in row ${cell.row}`);
    return bytes;
  }
}
