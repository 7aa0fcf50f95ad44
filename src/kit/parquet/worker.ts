import { open } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { z } from 'zod';
import { explainSystemError } from '../../ground/disk.ts';
import { messageOf } from '../../ground/errors.ts';
import type { ParquetAnswer, ParquetRequest } from './messages.ts';

/** Bytes that are read or unpacked at once; a row group of images has a few hundred million. */
const MOST_BYTES = 2 ** 29;
/** Values of a column in a page, rows of a group, columns of a file. */
const MOST_VALUES = 2 ** 22;
const MOST_COLUMNS = 10_000;
/** Of a page's header; statistics make it long. */
const HEADER_BYTES = 64 * 1024;

const limited = (size: number): { readonly maxOutputLength: number } => ({
  maxOutputLength: Math.min(MOST_BYTES, Math.max(1, size)),
});
const plainBytes = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer);
const COMPRESSORS: Compressors = {
  GZIP: (input, size) => plainBytes(gunzipSync(input, limited(size))),
  BROTLI: (input, size) => plainBytes(brotliDecompressSync(input, limited(size))),
  ZSTD: (input, size) => plainBytes(zstdDecompressSync(input, limited(size))),
};

/** A file by byte ranges, each checked before anything is allocated. */
async function openFile(path: string): Promise<AsyncBuffer> {
  const handle = await open(path);
  const byteLength = await handle
    .stat()
    .then(({ size }) => size)
    .finally(() => handle.close());
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= byteLength))
        throw new Error(`bytes ${start} to ${end} are not in the file`);
      if (end - start > MOST_BYTES) throw new Error(`${end - start} bytes in one piece are too many`);
      const bytes = new Uint8Array(end - start);
      const file = await open(path);
      try {
        let at = 0;
        while (at < bytes.length) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
          if (bytesRead === 0) throw new Error('the file became shorter while it was read');
          at += bytesRead;
        }
      } finally {
        await file.close();
      }
      return bytes.buffer;
    },
  };
}

interface Opened {
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
}

const known = new Map<string, Promise<Opened>>();

async function openParquet(path: string): Promise<Opened> {
  const buffer = await openFile(path);
  const metadata = await parquetMetadataAsync(buffer);
  if (metadata.schema.length > MOST_COLUMNS) throw new Error(`more than ${MOST_COLUMNS} columns`);
  for (const [i, { num_rows }] of metadata.row_groups.entries())
    if (!(num_rows >= 0 && num_rows <= MOST_VALUES))
      throw new Error(`row group ${i} says that it has ${num_rows} rows`);
  return { buffer, metadata };
}

function opened(path: string): Promise<Opened> {
  const found = known.get(path) ?? openParquet(path);
  known.set(path, found);
  found.catch(() => known.delete(path));
  return found;
}

/** How many elements of a flattened schema lie below element `i`. */
function descendants(elements: readonly { readonly num_children?: number }[], i: number): number {
  let count = 0;
  for (let child = 0; child < (elements[i]?.num_children ?? 0) && i + 1 + count < elements.length; child++)
    count += 1 + descendants(elements, i + 1 + count);
  return count;
}

function columnsOf({ schema }: FileMetaData): string[] {
  const [root, ...elements] = schema;
  const children: string[] = [];
  for (let i = 0; i < elements.length && children.length < (root?.num_children ?? 0); i++) {
    const element = elements[i]!;
    children.push(element.name);
    i += descendants(elements, i);
  }
  return children;
}

/** Longest description of the columns. */
const MOST_DESCRIPTION = 2 ** 20;
const MOST_CLASSES = 100_000;
const featureSchema = z.object({ names: z.array(z.string()).max(MOST_CLASSES) });
const describedSchema = z.object({ info: z.object({ features: z.record(z.string(), z.unknown()) }) });

/** What Hugging Face datasets writes beside the columns: the names of classes. What is not as it writes it is as if it were not there. */
function classesOf({ key_value_metadata }: FileMetaData): Record<string, string[]> {
  const text = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined || text.length > MOST_DESCRIPTION) return {};
  let described: unknown;
  try {
    described = JSON.parse(text);
  } catch {
    return {};
  }
  const parsed = describedSchema.safeParse(described);
  if (!parsed.success) return {};
  return Object.fromEntries(
    Object.entries(parsed.data.info.features).flatMap(([column, feature]) => {
      const found = featureSchema.safeParse(feature);
      return found.success ? [[column, found.data.names] as const] : [];
    }),
  );
}

const countSchema = z.number().int().min(0).max(MOST_VALUES);
const levelSchema = z.looseObject({ field_1: countSchema });
/** What a page says about itself before its bytes (parquet.thrift, PageHeader). */
const pageSchema = z.looseObject({
  /** Bytes unpacked. */
  field_2: z.number().int().min(0).max(MOST_BYTES),
  /** Bytes packed. */
  field_3: z.number().int().min(0).max(MOST_BYTES),
  field_5: levelSchema.optional(),
  field_7: levelSchema.optional(),
  field_8: levelSchema.extend({ field_3: countSchema.optional() }).optional(),
});

type Chunk = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>;

/** Looks at the headers of a column's pages: a few bytes there can ask for gigabytes. */
async function checkPages(buffer: AsyncBuffer, chunk: Chunk): Promise<void> {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const end = start + Number(chunk.total_compressed_size);
  // The pages follow one another; reading them reads all of a chunk.
  for (let at = start; at < end - 1; ) {
    const bytes = await buffer.slice(at, Math.min(end, at + HEADER_BYTES));
    const reader = { view: new DataView(bytes), offset: 0 };
    const page = pageSchema.safeParse(deserializeTCompactProtocol(reader));
    if (!page.success) throw new Error(`the header of a page is wrong (${page.error.issues[0]?.message})`);
    const next = at + reader.offset + page.data.field_3;
    if (next > end) throw new Error('a page is longer than its column');
    at = next;
  }
}

async function readRows({ path, columns, start, end }: Extract<ParquetRequest, { kind: 'read' }>): Promise<unknown[]> {
  const { buffer, metadata } = await opened(path);
  let first = 0;
  const wanted = new Set(columns);
  for (const group of metadata.row_groups) {
    const after = first + Number(group.num_rows);
    if (first < end && after > start) {
      for (const { meta_data: chunk } of group.columns)
        if (chunk !== undefined && wanted.has(chunk.path_in_schema[0] ?? '')) await checkPages(buffer, chunk);
    }
    first = after;
  }
  return await parquetReadObjects({
    file: buffer,
    metadata,
    columns: [...columns],
    rowStart: start,
    rowEnd: end,
    compressors: COMPRESSORS,
    utf8: false,
  });
}

/** The memory of byte values, which moves to whoever asked instead of being copied. */
function buffersIn(value: unknown, found: Set<ArrayBuffer>): void {
  if (value instanceof Uint8Array) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (Array.isArray(value)) for (const one of value) buffersIn(one, found);
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) buffersIn(one, found);
}

async function answer(request: ParquetRequest): Promise<void> {
  const { id } = request;
  const reply = (message: ParquetAnswer, transfer: readonly ArrayBuffer[] = []): void =>
    parentPort?.postMessage(message, [...transfer]);
  try {
    if (request.kind === 'read') {
      const rows = await readRows(request);
      const buffers = new Set<ArrayBuffer>();
      buffersIn(rows, buffers);
      reply({ id, kind: 'rows', rows }, [...buffers]);
      return;
    }
    const { metadata } = await opened(request.path);
    reply({
      id,
      kind: 'opened',
      columns: columnsOf(metadata),
      rows: metadata.row_groups.map(({ num_rows }) => Number(num_rows)),
      classes: classesOf(metadata),
    });
  } catch (error) {
    const system = error instanceof Error && 'syscall' in error;
    reply({ id, kind: 'failed', message: system ? explainSystemError(error) : messageOf(error), system });
  }
}

parentPort?.on('message', (request: ParquetRequest) => void answer(request));
