import { join } from 'node:path';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { checkPlainFile } from '../../ground/plain-file.ts';
import { askParquet, UnreadableFile } from './thread.ts';

/** Rows that are stored together, and so are read together. `end` is exclusive. */
export interface RowGroup {
  readonly start: number;
  readonly end: number;
}

/** A Parquet file, read a row group at a time, in a thread of its own. */
export class ParquetFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly groups: readonly RowGroup[];
  /** Names of the classes of columns that hold their numbers, as Hugging Face datasets writes them. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
  readonly #path: string;

  private constructor(
    name: string,
    parts: Pick<ParquetFile, 'columns' | 'classes'> & { readonly path: string; readonly rows: readonly number[] },
  ) {
    this.name = name;
    this.#path = parts.path;
    this.columns = parts.columns;
    this.classes = parts.classes;
    let start = 0;
    this.groups = parts.rows.map(count => {
      const rows = { start, end: start + count };
      start = rows.end;
      return rows;
    });
  }

  /** @throws {BiolensError} `input` where the file is not Parquet. */
  static async open(root: string, name: string): Promise<ParquetFile> {
    const path = join(root, name);
    await checkPlainFile(path, { name, mostBytes: Number.MAX_SAFE_INTEGER });
    try {
      const answer = await askParquet({ kind: 'open', path });
      if (answer.kind !== 'opened') throw new Error('it was not opened');
      return new ParquetFile(name, { path, ...answer });
    } catch (cause) {
      const what = cause instanceof UnreadableFile ? '' : 'not a Parquet file: ';
      throw new BiolensError('input', `${name}: ${what}${messageOf(cause)}`, { cause });
    }
  }

  /** The rows of a group as objects; byte columns that are not marked as text come as `Uint8Array`. */
  async read({ start, end }: RowGroup, columns: readonly string[]): Promise<readonly unknown[]> {
    if (start === end) return [];
    try {
      const answer = await askParquet({ kind: 'read', path: this.#path, columns: [...columns], start, end });
      if (answer.kind !== 'rows') throw new Error('they were not read');
      return answer.rows;
    } catch (cause) {
      throw new BiolensError('input', `${this.name}: rows ${start} to ${end - 1}: ${messageOf(cause)}`, { cause });
    }
  }
}
