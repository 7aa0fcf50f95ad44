import type { Skipped } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/index.ts';
import { openReadingCache, type ReadingCache } from '../cache/index.ts';
import { cardPathOf, type Embedder, type NoFacePolicy } from '../faces/index.ts';
import { type Image, type ImageFile, mapImages } from '../images/index.ts';
import { digestFile, digestFiles, packageVersion, type Run, resumeItems } from '../runs/index.ts';
import { readAll } from '../tensor/index.ts';
import type { FaceSet, FaceSetItem } from './face-set.ts';
import { isFlat } from './flat.ts';
import { decodeEmbedding, encodeEmbedding, type FaceItem, faceItemSchema, itemKey } from './items.ts';

/** An image was looked at; `done` never goes down. */
export interface ReadSetEvent {
  readonly type: 'read';
  readonly done: number;
  readonly total: number;
}

/** How images are embedded. */
export interface EmbeddingSettings {
  /** `built-in`, `appearance`, or the path of an ONNX model with a card. */
  readonly embedder: string;
  readonly noFace: NoFacePolicy;
  readonly device: string;
  /** Whether readings are kept beside the runs. */
  readonly cache: boolean;
}

export interface ReadSetOptions {
  readonly embedder: Embedder;
  readonly settings: EmbeddingSettings;
  readonly signal?: AbortSignal | undefined;
}

const NO_FACE = 'no face found';
const FLAT = 'an image of one colour';
const DECODED_AHEAD = 2;
const KEPT_AT_ONCE = 64;
const ONNX = /\.onnx$/i;

function changed(path: string): BiolensError {
  return new BiolensError(
    'input',
    `${path}: changed since this run read it; put the former file back and resume, or start anew with biolens runs rerun`,
    { details: { file: path } },
  );
}

/**
 * Records what files hold when a run begins, and refuses to resume one that began with others.
 *
 * @param inputs paths by their role in the job
 * @throws BiolensError `input` naming the file that changed
 */
export async function recordFiles(
  run: Run,
  inputs: Readonly<Record<string, string | null | undefined>>,
): Promise<void> {
  const recorded = run.record.provenance.digests;
  const digests: Record<string, string> = {};
  for (const [role, path] of Object.entries(inputs)) {
    if (path === null || path === undefined) continue;
    const digest = await digestFile(path);
    if (recorded[role] !== undefined && recorded[role] !== digest) throw changed(path);
    digests[role] = digest;
  }
  if (Object.keys(digests).length > 0) await run.note({ digests });
}

/** Files that decide an embedding beside the images, by role, for {@link recordFiles}. */
export function filesOf(sets: readonly FaceSet[], embedder: string | null): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { set, source, isFile, labels } of sets) {
    if (isFile) files[set] = source;
    if (labels !== null) files[`${set}Labels`] = labels;
  }
  if (embedder !== null && ONNX.test(embedder)) {
    files.embedder = embedder;
    files.embedderCard = cardPathOf(embedder);
  }
  return files;
}

async function digestsOf(run: Run): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for await (const item of run.items(faceItemSchema))
    if (item.digest !== undefined) digests.set(itemKey(item), item.digest);
  return digests;
}

/** Refuses to resume where an image that was read holds other bytes now. */
async function checkRead(run: Run, sets: readonly FaceSet[], signal: AbortSignal | undefined): Promise<void> {
  const digests = await digestsOf(run);
  if (digests.size === 0) return;
  for (const { set, files, isFile } of sets) {
    if (files === null || isFile) continue;
    for (const { file, path } of files) {
      const known = digests.get(itemKey({ set, file }));
      throwIfAborted(signal);
      if (known !== undefined && (await digestFile(path).catch(() => null)) !== known) throw changed(path);
    }
  }
}

/** The readings that audits and other jobs keep of the same networks. */
async function openCache(run: Run, { embedder, settings }: ReadSetOptions): Promise<ReadingCache | null> {
  if (!settings.cache) return null;
  const { digests } = run.record.provenance;
  const models = Object.entries(digests).filter(([role]) => role.startsWith('embedder'));
  const { noFace, device } = settings;
  return await openReadingCache(run.runsDir, {
    reader: {
      biolens: packageVersion(),
      embedder: settings.embedder,
      classifier: 'none',
      noFace,
      device,
      ...Object.fromEntries(models.map(([role, digest]) => [`${role} digest`, digest])),
    },
    width: embedder.width,
    attributes: {},
  }).catch(() => null);
}

async function keptReading({ file, path, load, problem }: ImageFile, cache: ReadingCache | null) {
  if (cache === null || cache.size === 0 || load !== undefined || problem !== undefined) return null;
  const digest = await digestFile(path).catch(() => null);
  const kept = digest === null ? undefined : cache.get(digest);
  if (digest === null || kept === undefined) return null;
  return kept === null
    ? { file, digest, skipped: NO_FACE }
    : { file, digest, embedding: encodeEmbedding(kept.embedding) };
}

async function* readOne(
  { set, files }: FaceSet,
  left: ReadonlySet<string>,
  { embedder, settings, signal, cache }: ReadSetOptions & { readonly cache: ReadingCache | null },
): AsyncGenerator<readonly FaceItem[]> {
  const wanted = (files ?? []).filter(({ file }) => left.has(itemKey({ set, file })));
  const unread: ImageFile[] = [];
  for (let start = 0; start < wanted.length; start += KEPT_AT_ONCE) {
    throwIfAborted(signal);
    const some = wanted.slice(start, start + KEPT_AT_ONCE);
    const found = await Promise.all(some.map(image => keptReading(image, cache)));
    unread.push(...some.filter((_, i) => found[i] === null));
    const items = found.filter(kept => kept !== null).map(kept => ({ set, ...kept }));
    if (items.length > 0) yield items;
  }
  // What a network refuses is no fault of the image, so it is carried out of the reader, which would skip the image.
  const look = async (image: Image) => {
    if (isFlat(image)) return { flat: true } as const;
    return embedder.embed([image], { noFace: settings.noFace, signal }).then(
      ([seen = null]) => ({ seen }),
      (error: unknown) => ({ error }),
    );
  };
  const reading = { concurrency: embedder.concurrency + DECODED_AHEAD, digest: true, signal };
  for await (const read of mapImages(unread, reading, look)) {
    const { file, digest } = read;
    const common = { set, file, ...(digest === undefined ? {} : { digest }) };
    if ('skipped' in read) {
      yield [{ ...common, skipped: read.skipped }];
      continue;
    }
    const { image } = read;
    if ('error' in image) throw image.error;
    if ('flat' in image) {
      yield [{ ...common, skipped: FLAT }];
      continue;
    }
    const { seen } = image;
    if (digest !== undefined)
      cache?.put(digest, seen && { embedding: seen.embedding, attributes: {}, faces: seen.faces ?? null });
    yield [seen === null ? { ...common, skipped: NO_FACE } : { ...common, embedding: encodeEmbedding(seen.embedding) }];
  }
}

/**
 * Embeds every image of the sets that the run has no item of yet, and appends an item each. An image that cannot be used becomes an item
 * with the reason and stops nothing.
 *
 * @throws BiolensError `input` for an image that changed since the run read it, or a full disk; `interrupted`; what the networks throw
 */
export async function* readSets(
  run: Run,
  sets: readonly FaceSet[],
  options: ReadSetOptions,
): AsyncGenerator<ReadSetEvent> {
  const { signal } = options;
  await checkRead(run, sets, signal);
  const cache = await openCache(run, options);
  async function* work(left: readonly string[]): AsyncGenerator<readonly FaceItem[]> {
    const keys = new Set(left);
    try {
      for (const set of sets) yield* readOne(set, keys, { ...options, cache });
    } finally {
      await cache?.flush().catch(() => undefined);
    }
  }
  const steps = resumeItems({
    run,
    schema: faceItemSchema,
    keys: sets.flatMap(({ set, files }) => (files ?? []).map(({ file }) => itemKey({ set, file }))),
    keyOf: itemKey,
    work,
    signal,
  });
  for await (const { done, total } of steps) yield { type: 'read', done, total };
  const known = await digestsOf(run);
  const digests: Record<string, string> = {};
  for (const { set, files, isFile } of sets)
    if (files !== null && !isFile)
      digests[set] = await digestFiles(
        files.map(({ file, path }) => ({ file, path, digest: known.get(itemKey({ set, file })) })),
        signal,
      );
  if (Object.keys(digests).length > 0) await run.note({ digests });
}

/** A set whose embeddings are in memory: a row an item that has one. */
export interface ReadSet {
  readonly source: string;
  readonly items: readonly FaceSetItem[];
  /** As the network gave them, not of unit length. */
  readonly matrix: Matrix;
  readonly skipped: readonly Skipped[];
}

/**
 * The embeddings of a set: of its file, or of the items of a run.
 *
 * @throws BiolensError `input` where no image could be used, or a row is not finite
 */
export async function collectSet(run: Run, { set, source, items, matrix }: FaceSet): Promise<ReadSet> {
  if (matrix !== null) {
    const rows = await readAll(matrix);
    const bad = rows.data.findIndex(value => !Number.isFinite(value));
    if (bad >= 0)
      throw new BiolensError('input', `${source}: row ${Math.floor(bad / rows.cols)} holds ${rows.data[bad]}`);
    return { source, items, matrix: rows, skipped: [] };
  }
  const embeddings = new Map<string, Float32Array>();
  const skipped: Skipped[] = [];
  const present = new Set(items.map(({ name }) => name));
  for await (const item of run.items(faceItemSchema)) {
    if (item.set !== set || !present.has(item.file)) continue;
    if ('skipped' in item) skipped.push({ file: item.file, reason: item.skipped });
    else embeddings.set(item.file, decodeEmbedding(item.embedding));
  }
  const read = items.filter(({ name }) => embeddings.has(name));
  const cols = embeddings.get(read[0]?.name ?? '')?.length ?? 0;
  if (read.length === 0)
    throw new BiolensError('input', `${source}: a face was found in none of ${items.length} images`, {
      details: { file: source },
    });
  const data = new Float32Array(read.length * cols);
  read.forEach(({ name }, i) => {
    data.set(embeddings.get(name)!, i * cols);
  });
  return { source, items: read, matrix: { rows: read.length, cols, data }, skipped };
}
