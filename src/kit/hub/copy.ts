import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { fileError, readJsonFile, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { download, isComplete } from './download.ts';
import { createHubClient, type HubClientOptions, type HubFile } from './hub-client.ts';
import type { HubReference } from './reference.ts';
import { retryBusy } from './retry.ts';
import { isSafePath } from './safe-path.ts';

/** In the folder of a copy: which data set it is of, in which state, and every file with its digest. */
export const COPY_FILE = 'hub.json';

const copySchema = z.strictObject({
  schema: z.literal('biolens/hub-copy@1'),
  hub: z.string(),
  repository: z.string(),
  /** As it was asked for. */
  revision: z.string(),
  /** The parts that were asked for; none: all that is useful. */
  only: z.array(z.string()),
  /** The commit that it was then. */
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  files: z.array(
    z.strictObject({
      path: z.string().refine(isSafePath, { message: 'leads out of its folder' }),
      bytes: z.number().int().nonnegative(),
      digest: z.strictObject({ kind: z.enum(['sha256', 'git']), hex: z.string().regex(/^[0-9a-f]{40,64}$/) }),
    }),
  ),
  /** SHA-256 over paths, sizes and digests. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
/** A copy of a data set of a hub. */
export type HubCopy = z.infer<typeof copySchema>;

export interface CopyOptions extends HubClientOptions {
  /** A new folder, or that of a copy that was broken off. */
  readonly to: string;
  /** Folders and files that are asked for, by which `wanted` chooses; a copy that was broken off goes on with the same. */
  readonly only?: readonly string[] | undefined;
  /** Which files are wanted. */
  readonly wanted: (path: string) => boolean;
  /** Bytes of all files together. */
  readonly mostBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly random?: (() => number) | undefined;
  readonly stallMs?: number | undefined;
}

export type CopyEvent =
  | {
      readonly type: 'listed';
      readonly files: number;
      readonly bytes: number;
      readonly commit: string;
      readonly leftOut: readonly string[];
    }
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly copy: HubCopy };

const MOST_COPY_BYTES = 512 * 2 ** 20;
const AT_ONCE = 4;
const LISTING_ATTEMPTS = 4;
/** Bytes between two events. */
const TOLD_EVERY = 4 * 2 ** 20;

function digestOf(files: readonly HubFile[]): string {
  const hash = createHash('sha256');
  for (const { path, bytes, digest } of files)
    hash.update(`${JSON.stringify([path, bytes, digest.kind, digest.hex])}\n`);
  return hash.digest('hex');
}

/** What an earlier process began here; null in a new folder. @throws {BiolensError} `input` for a folder of anything else */
async function begunIn(
  folder: string,
  { repository, revision }: HubReference,
  only: readonly string[],
): Promise<HubCopy | null> {
  const path = join(folder, COPY_FILE);
  if (!existsSync(path)) {
    const names = await readdir(folder).catch(() => []);
    if (names.length === 0) return null;
    throw new BiolensError('input', `${folder}: expected a new or empty folder`, { details: { file: folder } });
  }
  const parsed = copySchema.safeParse(await readJsonFile(path, { mostBytes: MOST_COPY_BYTES }));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BiolensError('input', `${path}: "${issue?.path.join('.')}" ${issue?.message}`);
  }
  const { data } = parsed;
  const same = data.repository === repository && (revision === data.revision || revision === data.commit);
  if (!same || digestOf(data.files) !== data.digest)
    throw new BiolensError(
      'input',
      `${folder}: holds ${data.repository}@${data.revision}, not ${repository}@${revision}`,
    );
  const asked = new Set(only);
  if (asked.size !== data.only.length || data.only.some(part => !asked.has(part)))
    throw new BiolensError(
      'input',
      `${folder}: holds ${data.only.length === 0 ? 'the whole' : `--only ${data.only.join(', ')}`} of ${repository}; another part wants another folder`,
    );
  return data;
}

/**
 * Copies the files of a data set from the Hugging Face hub into a folder. The revision is pinned to its commit before the first file, and recorded
 * in {@link COPY_FILE}; a copy that was broken off goes on with that commit and with the byte it stopped at. Every file is held against the digest
 * that the hub lists.
 *
 * @returns what is there then
 * @throws {BiolensError} `input` where there is no such data set, it is not open, it is larger than allowed, or the folder is another one's;
 *   `external` where the hub fails again and again; `interrupted` by the signal
 */
export async function* copyFromHub(reference: HubReference, options: CopyOptions): AsyncGenerator<CopyEvent> {
  const client = createHubClient(options);
  const controller = new AbortController();
  const { signal: outer } = options;
  const interrupt = (): void =>
    controller.abort(new BiolensError('interrupted', 'interrupted', { cause: outer?.reason }));
  outer?.addEventListener('abort', interrupt, { once: true });
  if (outer?.aborted) interrupt();
  const { signal } = controller;
  const folder = resolve(options.to);
  try {
    const only = [...new Set(options.only)].sort();
    const begun = await begunIn(folder, reference, only);
    const again = { attempts: LISTING_ATTEMPTS, signal, random: options.random };
    const { repository, revision } = reference;
    const commit = begun?.commit ?? (await retryBusy(() => client.commitOf(repository, revision, signal), again));
    const listed = begun?.files ?? (await retryBusy(() => client.list(repository, commit, signal), again));
    const files = begun?.files ?? listed.filter(({ path }) => options.wanted(path) && path !== COPY_FILE);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (files.length === 0)
      throw new BiolensError(
        'input',
        `${reference.repository}: none of its ${listed.length} files is one that a benchmark has`,
      );
    if (bytes > options.mostBytes)
      throw new BiolensError(
        'input',
        `${reference.repository}: ${gigabytes(bytes)} in ${files.length} files, more than ${gigabytes(options.mostBytes)}; --most-gb allows more, --only takes a part`,
      );
    const copy: HubCopy = {
      schema: 'biolens/hub-copy@1',
      hub: client.origin,
      ...reference,
      only,
      commit,
      files: [...files],
      digest: digestOf(files),
      ...(begun === null ? {} : { revision: begun.revision }),
    };
    await mkdir(folder, { recursive: true }).catch(error => {
      throw fileError(folder, error, 'write');
    });
    if (begun === null) await writeAtomically(join(folder, COPY_FILE), `${JSON.stringify(copy, null, 1)}\n`);
    const leftOut = listed.filter(file => !files.includes(file)).map(({ path }) => path);
    yield { type: 'listed', files: files.length, bytes, commit, leftOut };
    yield* fetchAll(files, {
      ...options,
      client,
      repository: reference.repository,
      commit,
      folder,
      signal,
      total: bytes,
    });
    yield { type: 'result', copy };
  } finally {
    outer?.removeEventListener('abort', interrupt);
    interrupt();
  }
}

const gigabytes = (bytes: number): string => `${Number((bytes / 1e9).toPrecision(3))} GB`;

async function* fetchAll(
  files: readonly HubFile[],
  { total, ...options }: Omit<Parameters<typeof download>[1], 'onBytes'> & { readonly total: number },
): AsyncGenerator<CopyEvent> {
  let done = 0;
  let told = 0;
  let next = 0;
  let wake = (): void => {};
  const onBytes = (bytes: number): void => {
    done += bytes;
    wake();
  };
  const work = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i];
      if (file === undefined) return;
      if (await isComplete(options.folder, file)) onBytes(file.bytes);
      else await download(file, { ...options, onBytes });
    }
  };
  let ended = false;
  const all = Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => {
    ended = true;
    wake();
  });
  all.catch(() => undefined);
  while (!ended) {
    if (done - told >= TOLD_EVERY) {
      told = done;
      yield { type: 'progress', done: Math.min(done, total), total };
    } else
      await new Promise<void>(resolve => {
        wake = resolve;
      });
  }
  await all;
  yield { type: 'progress', done: total, total };
}
