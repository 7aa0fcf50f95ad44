import { resolve } from 'node:path';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import {
  copyFromHub,
  type HubClientOptions,
  type HubCopy,
  isHubReference,
  parseHubReference,
} from '../../../kit/hub/index.ts';
import { type BenchmarkFormat, openBenchmark } from '../read/benchmark.ts';

export interface FetchOptions extends HubClientOptions {
  /** `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION`. */
  readonly from: string;
  /** A new folder, or that of a download that was broken off. */
  readonly to: string;
  /** Folders and files of the data set to take; all of it by default. */
  readonly only?: readonly string[] | undefined;
  /** Most bytes of all files together; 20 GB by default. */
  readonly mostBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `biolens bench fetch --json` prints. */
export interface FetchedBenchmark {
  readonly schema: 'biolens/bench-fetch@1';
  readonly folder: string;
  readonly repository: string;
  /** The commit that the revision was. */
  readonly commit: string;
  readonly files: number;
  readonly bytes: number;
  /** SHA-256 over paths, sizes and digests of all files. */
  readonly digest: string;
  readonly format: BenchmarkFormat;
  readonly questions: number;
  /** Questions of kinds that are not asked here, by kind. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Questions that cannot be read; the first says why. */
  readonly unreadable: { readonly questions: number; readonly first: string | null };
  /** Images that questions name and that are not there. */
  readonly missingImages: number;
}

export type FetchEvent =
  | { readonly type: 'note'; readonly text: string }
  /** Bytes. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly result: FetchedBenchmark };

const MOST_BYTES = 20e9;
/** What benchmarks are made of. */
const USEFUL = /\.(?:json|jsonl|parquet|jpe?g|png|webp|bmp|gif|md)$/i;
const ARCHIVE = /\.(?:zip|tar|tgz|gz|7z|rar)$/i;
const SHOWN = 3;

/**
 * Downloads a benchmark from the Hugging Face hub, and reads it.
 *
 * @returns what is there, and which of its questions can be asked
 * @throws {BiolensError} as `copyFromHub` does; `input` where the files are of no layout that is known
 *
 * @example
 * ```ts
 * for await (const event of fetchBenchmark({ from: 'hf:OWNER/NAME', to: 'bench' })) {
 *   if (event.type === 'result') console.log(event.result.questions);
 * }
 * ```
 */
export async function* fetchBenchmark(options: FetchOptions): AsyncGenerator<FetchEvent> {
  const { from, to, only = [], mostBytes = MOST_BYTES, signal, fetch, environment } = options;
  if (!isHubReference(from)) throw new BiolensError('usage', `expected hf:OWNER/NAME, got "${from.slice(0, 200)}"`);
  const wanted = (path: string): boolean => {
    if (only.includes(path)) return true;
    const inside = only.length === 0 || only.some(folder => path.startsWith(`${folder.replace(/\/$/, '')}/`));
    return inside && USEFUL.test(path);
  };
  let copy: HubCopy | null = null;
  for await (const event of copyFromHub(parseHubReference(from), {
    to,
    only,
    wanted,
    mostBytes,
    signal,
    fetch,
    environment,
  })) {
    if (event.type === 'progress') yield event;
    else if (event.type === 'result') copy = event.copy;
    else {
      yield { type: 'note', text: `${event.files} files at commit ${event.commit}` };
      const archives = event.leftOut.filter(path => ARCHIVE.test(path));
      if (archives.length > 0)
        yield { type: 'note', text: `not taken: ${listed(archives)}; --only takes one, to be unpacked by hand` };
    }
  }
  if (copy === null) throw new BiolensError('external', 'the download ended without a result');
  yield { type: 'result', result: await readCopy(resolve(to), copy, signal) };
}

const listed = (paths: readonly string[]): string => {
  const more = paths.length - SHOWN;
  return paths.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
};

async function readCopy(folder: string, copy: HubCopy, signal: AbortSignal | undefined): Promise<FetchedBenchmark> {
  const benchmark = await openBenchmark(folder).catch((error: unknown) => {
    throw new BiolensError('input', `the files are there, and cannot be read as a benchmark: ${messageOf(error)}`, {
      cause: error,
    });
  });
  const leftOut: Record<string, number> = Object.create(null);
  let problems = 0;
  let first: string | null = null;
  let questions = 0;
  let missingImages = 0;
  const reading = benchmark.questions({
    signal,
    onProblem: ({ message }) => {
      problems++;
      first ??= message;
    },
    onLeftOut: kind => {
      leftOut[kind] = (leftOut[kind] ?? 0) + 1;
    },
  });
  for await (const { images } of reading) {
    questions++;
    missingImages += images.filter(({ file }) => file === null).length;
  }
  return {
    schema: 'biolens/bench-fetch@1',
    folder,
    repository: copy.repository,
    commit: copy.commit,
    files: copy.files.length,
    bytes: copy.files.reduce((sum, { bytes }) => sum + bytes, 0),
    digest: copy.digest,
    format: benchmark.format,
    questions,
    leftOut: { ...leftOut },
    unreadable: { questions: problems, first },
    missingImages,
  };
}
