import { Worker } from 'node:worker_threads';
import { BiolensError } from '../../../../../ground/errors.ts';
import { checkQuantised } from '../../quantise.ts';
import { AdditiveGallery } from '../gallery.ts';
import type { Encrypted } from '../holder.ts';
import { type AdditivePlan, DEGREE, TILE } from '../parameters.ts';
import type { SumRequest, ThreadStart } from '../thread/node.ts';
import { attachKernel, loadProducts, shareGallery } from '../wasm/node.ts';

type Answer = { readonly id: number } & (
  | { readonly byteOffset: number; readonly length: number }
  | { readonly error: string }
);

/** A thread's own heap: what it works on lies in the memory that all share. */
const THREAD_MEMORY = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32, codeRangeSizeMb: 4 } as const;
/** Threads that a pool has, at most. */
export const MOST_WORKERS = 256;

export interface AdditivePoolOptions {
  readonly blocks: number;
  readonly workers: number;
  /** Probes that are summed up in one pass, at most. Default 8. */
  readonly probes?: number;
}

/**
 * The server of the additive scheme with several threads over one shared memory: each sums up its part of the blocks.
 *
 * Bytes: 4·dimension for each template, and 4 for each template and probe of a pass.
 */
export class AdditivePool implements AsyncDisposable {
  readonly plan: AdditivePlan;
  readonly blocks: number;
  readonly #memory: WebAssembly.Memory;
  readonly #gallery: AdditiveGallery;
  readonly #workers: readonly Worker[];
  readonly #most: number;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #next = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** Why a thread is gone; no pass is whole without it. */
  #failure: BiolensError | null = null;

  private constructor(
    plan: AdditivePlan,
    parts: {
      readonly memory: WebAssembly.Memory;
      readonly gallery: AdditiveGallery;
      readonly workers: readonly Worker[];
    },
    { blocks, probes = 8 }: AdditivePoolOptions,
  ) {
    this.plan = plan;
    this.blocks = blocks;
    this.#memory = parts.memory;
    this.#gallery = parts.gallery;
    this.#workers = parts.workers;
    this.#most = probes;
    for (const worker of this.#workers) {
      worker.unref();
      worker.on('message', (answer: Answer) => {
        const waiting = this.#waiting.get(answer.id);
        this.#waiting.delete(answer.id);
        if (this.#waiting.size === 0) for (const one of this.#workers) one.unref();
        if ('error' in answer) waiting?.reject(new BiolensError('external', answer.error));
        else waiting?.resolve(answer);
      });
      const fail = (why: string): void => {
        this.#failure ??= new BiolensError('external', why);
        for (const { reject } of this.#waiting.values()) reject(this.#failure);
        this.#waiting.clear();
      };
      worker.on('error', error => fail(`a thread of the kernel failed: ${error.message}`));
      worker.on('exit', () => fail('a thread of the kernel ended'));
    }
  }

  /** @throws {BiolensError} `usage` where the kernel was not built, or for more memory than there is */
  static async open(plan: AdditivePlan, options: AdditivePoolOptions): Promise<AdditivePool> {
    const { blocks, workers, probes = 8 } = options;
    if (!Number.isInteger(blocks) || blocks < 1)
      throw new BiolensError('usage', `"blocks" expected a whole number from 1, got ${blocks}`);
    if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
      throw new BiolensError('usage', `"workers" expected a whole number from 1 to ${MOST_WORKERS}, got ${workers}`);
    const module = await loadProducts();
    if (module === null)
      throw new BiolensError(
        'usage',
        'dist/kernels/products.wasm is not there, or this engine has no SIMD: npm run build',
      );
    const words = blocks * plan.dimension * DEGREE;
    const own = Math.ceil(blocks / workers);
    const scratchBytes = probes * (plan.dimension * 4 + own * DEGREE * 4) + 64;
    const { memory, layout } = shareGallery({ words, workers, scratchBytes });
    const kernel = await attachKernel(module, memory, { layout, worker: 0 });
    const file = import.meta.url.endsWith('.ts') ? '../thread/node.ts' : '../thread/node.js';
    const threads = Array.from({ length: workers }, (_, worker) => {
      const workerData: ThreadStart = { module, memory, layout, worker };
      return new Worker(new URL(file, import.meta.url), { execArgv: [], workerData, resourceLimits: THREAD_MEMORY });
    });
    return new AdditivePool(plan, { memory, gallery: new AdditiveGallery(plan, kernel), workers: threads }, options);
  }

  put(encrypted: Encrypted): void {
    this.#gallery.put(encrypted);
  }

  /** Erases a template; its slot stays dead. */
  erase(slot: Encrypted['slot']): void {
    this.#gallery.erase(slot);
  }

  /** Takes over the words of a pool that is no larger. */
  copyFrom(other: AdditivePool): void {
    this.#gallery.copyFrom(other.#gallery);
  }

  /** The sum of a probe with one slot. */
  sum(slot: Encrypted['slot'], probe: Int16Array): number {
    return this.#gallery.sum(slot, probe);
  }

  /**
   * Sums of one or several probes with all slots.
   *
   * @param into where they go, which saves memory to whoever searches again and again
   * @returns for each probe, N words a block
   */
  match(probes: Int16Array, into?: readonly Int32Array[]): Promise<readonly Int32Array[]> {
    const done = this.#last.then(() => this.#match(probes, into));
    // The scratch is of one pass at a time.
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #match(probes: Int16Array, into?: readonly Int32Array[]): Promise<readonly Int32Array[]> {
    const { dimension, scale } = this.plan;
    const count = probes.length / dimension;
    if (count > this.#most) throw new BiolensError('usage', `${count} probes, expected at most ${this.#most} a pass`);
    for (let k = 0; k < count; k++)
      checkQuantised(probes.subarray(k * dimension, (k + 1) * dimension), scale, { field: `probe ${k}`, dimension });
    const own = Math.ceil(this.blocks / this.#workers.length);
    const length = this.blocks * DEGREE;
    const out = into ?? Array.from({ length: count }, () => new Int32Array(length));
    if (out.length < count || out.some(sums => sums.length !== length))
      throw new BiolensError('usage', `"into" expected ${count} arrays of ${length} words`);
    const words = Int32Array.from(probes);
    await Promise.all(
      this.#workers.map(async (worker, i) => {
        const [first, end] = [i * own, Math.min(this.blocks, (i + 1) * own)];
        if (end <= first) return;
        const tiles = DEGREE / TILE;
        const answer = await this.#ask(worker, {
          probes: words,
          dimension,
          first: first * tiles,
          count: (end - first) * tiles,
        });
        const { byteOffset } = answer;
        const length = (end - first) * DEGREE;
        out.forEach((sums, k) => {
          sums.set(new Int32Array(this.#memory.buffer, byteOffset + 4 * k * length, length), first * DEGREE);
        });
      }),
    );
    return out;
  }

  #ask(worker: Worker, request: Omit<SumRequest, 'id'>): Promise<Extract<Answer, { readonly byteOffset: number }>> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting.set(id, {
        resolve: answer => resolve(answer as Extract<Answer, { readonly byteOffset: number }>),
        reject,
      });
      worker.ref();
      worker.postMessage({ id, ...request });
    });
  }

  async close(): Promise<void> {
    await this.#last;
    await Promise.all(this.#workers.map(worker => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
