import { Worker } from 'node:worker_threads';
import type { ParquetAnswer, ParquetRequest } from './messages.ts';

type Failure = Extract<ParquetAnswer, { readonly kind: 'failed' }>;
type Unnumbered = ParquetRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

interface Waiting {
  readonly resolve: (answer: Exclude<ParquetAnswer, Failure>) => void;
  readonly reject: (error: Error) => void;
}

/** A file that takes longer is not read: a row group of hundreds of megabytes takes seconds. */
const DEADLINE_MS = 120_000;
/** JavaScript's own memory; the bytes of images are beside it. */
const HEAP_MB = 768;

/** A file that could not be opened or read at all, in plain words. */
export class UnreadableFile extends Error {}

/**
 * The thread that reads Parquet. The library answers a damaged file with errors that nobody can catch, with loops and with arrays of any size:
 * here they end this thread and become the error of one request, and the process goes on.
 */
class ParquetThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #ended: Error | null = null;

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      stderr: true,
    });
    this.#worker.on('message', (answer: ParquetAnswer) => this.#settle(answer));
    this.#worker.on('error', error => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread that reads it ended')));
    this.#worker.unref();
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  ask(request: Unnumbered): Promise<Exclude<ParquetAnswer, Failure>> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Exclude<ParquetAnswer, Failure>>();
    this.#waiting.set(id, { resolve, reject });
    this.#worker.ref();
    const timer = setTimeout(() => {
      this.#end(new Error(`not read within ${DEADLINE_MS / 1000} s`));
      void this.#worker.terminate();
    }, DEADLINE_MS);
    this.#worker.postMessage({ ...request, id });
    return promise.finally(() => clearTimeout(timer));
  }

  #settle(answer: ParquetAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (answer.kind !== 'failed') waiting?.resolve(answer);
    else waiting?.reject(answer.system ? new UnreadableFile(answer.message) : new Error(answer.message));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

let thread: ParquetThread | undefined;

/** @throws {Error} whose message says what is wrong with the file; {@link UnreadableFile} where there is none to read. */
export function askParquet(request: Unnumbered): Promise<Exclude<ParquetAnswer, Failure>> {
  if (thread === undefined || thread.ended) thread = new ParquetThread();
  return thread.ask(request);
}
