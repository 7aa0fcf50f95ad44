import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fileError, readJsonFile, writeAtomically } from '../../ground/disk.ts';
import { openRecords } from './record-file.ts';

/** Folder of kept readings within the folder of runs: whoever deletes the runs deletes these with them. */
export const CACHE_FOLDER = '.cache';

const META_FILE = 'meta.json';
const MOST_META_BYTES = 2 ** 20;

const metaSchema = z.object({
  schema: z.literal('biolens/readings@1'),
  /** All that decides a reading besides the file: networks by name and digest, and how images are prepared. */
  reader: z.record(z.string(), z.string()),
  /** Numbers in an embedding. */
  width: z.number().int().min(1).max(65_536),
  /** Attribute → its classes, 255 at most. */
  attributes: z.record(z.string(), z.array(z.string()).max(255)),
});
export type ReaderIdentity = Omit<z.infer<typeof metaSchema>, 'schema'>;

/** What networks read from an image. */
export interface KeptReading {
  readonly embedding: Float32Array;
  /** Attribute → class. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Faces that were found; null where none were looked for. */
  readonly faces: number | null;
}

/** Readings of one reader by the digest of the image's file; null for an image without a face. */
export interface ReadingCache {
  /** Files whose readings are kept. */
  readonly size: number;
  /** Undefined where the file has not been read. */
  get(digest: string): KeptReading | null | undefined;
  put(digest: string, reading: KeptReading | null): void;
  flush(): Promise<void>;
}

const HEADER_BYTES = 4;
const NO_CLASS = 255;
const NOT_COUNTED = 0xffff;

function encode(reading: KeptReading | null, { width, attributes }: ReaderIdentity): Uint8Array {
  const names = Object.keys(attributes);
  const bytes = new Uint8Array(HEADER_BYTES + names.length + 4 * width);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, reading === null ? 0 : 1);
  view.setUint16(2, Math.min(reading?.faces ?? NOT_COUNTED, NOT_COUNTED), true);
  names.forEach((name, i) => {
    const index = attributes[name]?.indexOf(reading?.attributes[name] ?? '') ?? -1;
    view.setUint8(HEADER_BYTES + i, index < 0 ? NO_CLASS : index);
  });
  for (let i = 0; i < width; i++)
    view.setFloat32(HEADER_BYTES + names.length + 4 * i, reading?.embedding[i] ?? 0, true);
  return bytes;
}

function decode(bytes: Uint8Array, { width, attributes }: ReaderIdentity): KeptReading | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) === 0) return null;
  const names = Object.keys(attributes);
  const embedding = Float32Array.from({ length: width }, (_, i) =>
    view.getFloat32(HEADER_BYTES + names.length + 4 * i, true),
  );
  const classes = names.flatMap((name, i) => {
    const found = attributes[name]?.[view.getUint8(HEADER_BYTES + i)];
    return found === undefined ? [] : [[name, found] as const];
  });
  const faces = view.getUint16(2, true);
  return { embedding, attributes: Object.fromEntries(classes), faces: faces === NOT_COUNTED ? null : faces };
}

function nameOf(identity: ReaderIdentity): string {
  const sorted = Object.entries(identity.reader).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([sorted, identity.width, identity.attributes]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * Opens the kept readings of one reader. They are biometric data, kept in the folder of runs, readable by its owner alone.
 *
 * @throws {BiolensError} `input` naming the folder when it cannot be written
 */
export async function openReadingCache(runsDir: string, identity: ReaderIdentity): Promise<ReadingCache> {
  const folder = join(runsDir, CACHE_FOLDER, nameOf(identity));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(folder, error, 'write');
  }
  await writeAtomically(
    join(folder, META_FILE),
    `${JSON.stringify({ schema: 'biolens/readings@1', ...identity }, null, 2)}\n`,
  );
  const valueBytes = HEADER_BYTES + Object.keys(identity.attributes).length + 4 * identity.width;
  const records = await openRecords(folder, valueBytes);
  return {
    get size() {
      return records.size;
    },
    get(digest) {
      const found = records.get(digest);
      return found === null ? undefined : decode(found, identity);
    },
    put: (digest, reading) => records.put(digest, encode(reading, identity)),
    flush: () => records.flush(),
  };
}

/** Kept readings of one reader, as they lie on the disk. */
export interface CacheEntry {
  readonly name: string;
  readonly path: string;
  readonly reader: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Last time something was added, in milliseconds since 1970. */
  readonly usedAt: number;
}

/** What is kept in a folder of runs, newest first; folders that are no readings are passed over. */
export async function listCache(runsDir: string): Promise<CacheEntry[]> {
  const root = join(runsDir, CACHE_FOLDER);
  const entries: CacheEntry[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    const meta = metaSchema.safeParse(
      await readJsonFile(join(path, META_FILE), { mostBytes: MOST_META_BYTES }).catch(() => null),
    );
    if (!meta.success) continue;
    let bytes = 0;
    let usedAt = 0;
    for (const file of await readdir(path).catch(() => [])) {
      const info = await stat(join(path, file)).catch(() => null);
      bytes += info?.size ?? 0;
      usedAt = Math.max(usedAt, info?.mtimeMs ?? 0);
    }
    entries.push({ name, path, reader: meta.data.reader, bytes, usedAt });
  }
  return entries.sort((a, b) => b.usedAt - a.usedAt);
}

/** Removes kept readings: those not added to for so long, or all. @returns what was removed */
export async function pruneCache(
  runsDir: string,
  { olderThanMs = 0, now = Date.now() }: { readonly olderThanMs?: number; readonly now?: number } = {},
): Promise<CacheEntry[]> {
  const old = (await listCache(runsDir)).filter(({ usedAt }) => now - usedAt >= olderThanMs);
  for (const { path } of old) await rm(path, { recursive: true, force: true });
  return old;
}
