import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { BiolensError, messageOf } from '../../../ground/errors.ts';

const plainBytes = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer);
const COMPRESSORS: Compressors = {
  GZIP: input => plainBytes(gunzipSync(input)),
  BROTLI: input => plainBytes(brotliDecompressSync(input)),
  ZSTD: input => plainBytes(zstdDecompressSync(input)),
};

/** Rows that are stored together, and so are read together. `end` is exclusive. */
export interface RowGroup {
  readonly start: number;
  readonly end: number;
}

/** A Parquet file, read a row group at a time. */
export class ParquetFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly groups: readonly RowGroup[];
  readonly #buffer: AsyncBuffer;
  readonly #metadata: FileMetaData;

  private constructor(name: string, buffer: AsyncBuffer, metadata: FileMetaData) {
    this.name = name;
    this.#buffer = buffer;
    this.#metadata = metadata;
    const [root, ...elements] = metadata.schema;
    const children: string[] = [];
    for (let i = 0; i < elements.length && children.length < (root?.num_children ?? 0); i++) {
      const element = elements[i]!;
      children.push(element.name);
      i += descendants(elements, i);
    }
    this.columns = children;
    let start = 0;
    this.groups = metadata.row_groups.map(group => {
      const rows = { start, end: start + Number(group.num_rows) };
      start = rows.end;
      return rows;
    });
  }

  /** @throws {BiolensError} `input` where the file is not Parquet. */
  static async open(root: string, name: string): Promise<ParquetFile> {
    try {
      const buffer = await asyncBufferFromFile(join(root, name));
      return new ParquetFile(name, buffer, await parquetMetadataAsync(buffer));
    } catch (cause) {
      throw new BiolensError('input', `${name}: not a Parquet file: ${messageOf(cause)}`, { cause });
    }
  }

  /** The rows of a group as objects; byte columns that are not marked as text come as `Uint8Array`. */
  async read(group: RowGroup, columns: readonly string[]): Promise<readonly unknown[]> {
    try {
      return await parquetReadObjects({
        file: this.#buffer,
        metadata: this.#metadata,
        columns: [...columns],
        rowStart: group.start,
        rowEnd: group.end,
        compressors: COMPRESSORS,
        utf8: false,
      });
    } catch (cause) {
      throw new BiolensError('input', `${this.name}: rows ${group.start} to ${group.end - 1}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

/** How many elements of a flattened schema lie below element `i`. */
function descendants(elements: readonly { readonly num_children?: number }[], i: number): number {
  let count = 0;
  for (let child = 0; child < (elements[i]?.num_children ?? 0); child++)
    count += 1 + descendants(elements, i + 1 + count);
  return count;
}
