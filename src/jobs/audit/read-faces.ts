import type { SetName } from '../../ground/contracts/index.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import type { ReadingCache } from '../../kit/cache/index.ts';
import { encodeEmbedding, isFlat } from '../../kit/face-sets/index.ts';
import { type Image, type ImageFile, mapImages } from '../../kit/images/index.ts';
import { digestFile, type Run, resumeItems } from '../../kit/runs/index.ts';
import type { FaceReader, FaceReading, OneFace } from './face-reader.ts';
import { type AuditItem, auditItemSchema } from './items.ts';
import type { SetSource } from './sources.ts';

/** What is said of every image; `done` and `total` count those of all sets, and `done` never goes down. */
export type ReadEvent =
  | { readonly type: 'found'; readonly done: number; readonly total: number }
  | {
      readonly type: 'item';
      readonly set: SetName;
      readonly file: string;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly type: 'skipped';
      readonly set: SetName;
      readonly file: string;
      readonly reason: string;
      readonly done: number;
      readonly total: number;
    };

interface Look {
  readonly reading: FaceReading | null;
  readonly error?: unknown;
  readonly flat?: boolean;
}

const NO_FACE = 'no face found';
const FLAT = 'an image of one colour';
/** Images that are decoded ahead of the networks. */
const DECODED_AHEAD = 2;
/** Files that are looked up among kept readings at a time. */
const KEPT_AT_ONCE = 64;

/** Items of a run are told apart by their set and file. */
export function itemKey({ set, file }: { readonly set: SetName; readonly file: string }): string {
  return `${set}/${file}`;
}

/** A face as an item holds it. */
function faceItem({ embedding, attributes }: OneFace) {
  return { embedding: encodeEmbedding(embedding), attributes: { ...attributes } };
}

function itemOf({ faces, others, ...largest }: FaceReading) {
  return {
    ...faceItem(largest),
    ...(faces === undefined ? {} : { faces }),
    ...(others === undefined ? {} : { others: others.map(faceItem) }),
  };
}

type Folder = Extract<SetSource, { kind: 'images' }>;

export interface ReadOptions {
  readonly reader: FaceReader;
  /** Readings of files that were read before. */
  readonly cache?: ReadingCache | null;
  readonly signal?: AbortSignal | undefined;
}

/** What a former audit has read from the same bytes, as an item without its set; null where it has not. */
async function keptReading({ file, path, load, problem }: ImageFile, cache: ReadingCache | null) {
  // What lies in an archive, or cannot be opened, is read as if nothing were kept.
  if (cache === null || cache.size === 0 || load !== undefined || problem !== undefined) return null;
  const digest = await digestFile(path).catch(() => null);
  const kept = digest === null ? undefined : cache.get(digest);
  if (digest === null || kept === undefined) return null;
  if (kept === null) return { file, digest, skipped: NO_FACE };
  const { faces, ...face } = kept;
  return { file, digest, ...itemOf({ ...face, ...(faces === null ? {} : { faces }) }) };
}

async function* readFolder(
  { set, files }: Folder,
  left: ReadonlySet<string>,
  options: ReadOptions,
): AsyncGenerator<readonly AuditItem[]> {
  const { reader, cache = null, signal } = options;
  const settings = { concurrency: reader.concurrency + DECODED_AHEAD, digest: true, signal };
  // What a network refuses is no fault of the image, so it is carried out of the reader, which would skip the image.
  const look = async (image: Image): Promise<Look> => {
    if (isFlat(image)) return { reading: null, flat: true };
    return reader.read(image, { signal }).then(
      reading => ({ reading }),
      (error: unknown) => ({ reading: null, error }),
    );
  };
  const wanted = files.filter(({ file }) => left.has(itemKey({ set, file })));
  const unread: ImageFile[] = [];
  for (let start = 0; start < wanted.length; start += KEPT_AT_ONCE) {
    throwIfAborted(signal);
    const some = wanted.slice(start, start + KEPT_AT_ONCE);
    const found = await Promise.all(some.map(image => keptReading(image, cache)));
    unread.push(...some.filter((_, i) => found[i] === null));
    const items = found.filter(kept => kept !== null).map(kept => ({ set, ...kept }));
    if (items.length > 0) yield items;
  }
  for await (const seen of mapImages(unread, settings, look)) {
    const { file, digest } = seen;
    const common = { set, file, ...(digest === undefined ? {} : { digest }) };
    if ('skipped' in seen) {
      yield [{ ...common, skipped: seen.skipped }];
      continue;
    }
    if ('error' in seen.image) throw seen.image.error;
    const { reading, flat = false } = seen.image;
    if (digest !== undefined && !flat) cache?.put(digest, reading && { ...reading, faces: reading.faces ?? null });
    yield [reading === null ? { ...common, skipped: flat ? FLAT : NO_FACE } : { ...common, ...itemOf(reading) }];
  }
}

/**
 * Reads every image of the sets that the run has no item of yet, and appends one item each, in the order of the files. An image
 * that cannot be used becomes an item with the reason and stops nothing.
 *
 * @throws BiolensError `input` when the disk does not take an item; `interrupted`; what the networks throw
 */
export async function* readFaces(
  run: Run,
  sources: readonly SetSource[],
  options: ReadOptions,
): AsyncGenerator<ReadEvent> {
  const { signal, cache } = options;
  const folders = sources.filter(source => source.kind === 'images');
  async function* work(left: readonly string[]): AsyncGenerator<readonly AuditItem[]> {
    const keys = new Set(left);
    try {
      for (const folder of folders) yield* readFolder(folder, keys, options);
    } finally {
      // What has been read is of use though the run be interrupted; a cache that cannot be written costs the next audit time, no more.
      await cache?.flush().catch(() => undefined);
    }
  }
  const keys = folders.flatMap(({ set, files }) => files.map(({ file }) => itemKey({ set, file })));
  for await (const { batch, done, total } of resumeItems({
    run,
    schema: auditItemSchema,
    keys,
    keyOf: itemKey,
    work,
    signal,
  })) {
    if (batch.length === 0) yield { type: 'found', done, total };
    for (const item of batch) {
      const { set, file } = item;
      yield 'skipped' in item
        ? { type: 'skipped', set, file, reason: item.skipped, done, total }
        : { type: 'item', set, file, done, total };
    }
  }
}
