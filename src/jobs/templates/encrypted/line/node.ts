import { Worker } from 'node:worker_threads';
import { BiolensError } from '../../../../ground/errors.ts';
import type { ClientCall, Reply, ServerCall, ThreadData } from '../thread/calls.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const ENTRIES = { client: '../thread/client/node', server: '../thread/server/node' } as const;

/**
 * A worker thread with SEAL in it. When SEAL traps, its memory can no longer be trusted: the call fails, the thread is ended, and the next call
 * gets a new one in which `restore` has been done again.
 */
export class SealLine<C extends ClientCall | ServerCall> {
  readonly #role: keyof typeof ENTRIES;
  readonly #data: () => ThreadData;
  readonly #restore: (ask: (call: C) => Promise<unknown>) => Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #ready: Promise<void> = Promise.resolve();
  #next = 0;
  #closed = false;
  /** Threads that were replaced. */
  replaced = 0;

  constructor(
    role: keyof typeof ENTRIES,
    { data, restore }: { data: () => ThreadData; restore: (ask: (call: C) => Promise<unknown>) => Promise<void> },
  ) {
    this.#role = role;
    this.#data = data;
    this.#restore = restore;
  }

  /** @throws {BiolensError} `input` for what SEAL refuses; `external` when it trapped */
  async ask(call: C): Promise<unknown> {
    if (this.#closed) throw new BiolensError('usage', 'the matcher is closed');
    if (this.#worker === undefined) {
      this.#worker = this.#start();
      const worker = this.#worker;
      this.#ready = this.#restore(one => this.#send(worker, one));
      // A failed beginning is tried again by the next call.
      this.#ready.catch(() => this.#drop(worker));
    }
    const worker = this.#worker;
    await this.#ready;
    if (this.#worker !== worker) throw new BiolensError('external', 'the thread of SEAL ended');
    return this.#send(worker, call);
  }

  /** Whether a thread is running: nothing has been asked of it yet, or it has trapped, where not. */
  get running(): boolean {
    return this.#worker !== undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll('the matcher is closed');
    await worker?.terminate();
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const worker = new Worker(new URL(`${ENTRIES[this.#role]}${extension}`, import.meta.url), {
      execArgv: [],
      workerData: this.#data(),
    });
    worker.unref();
    worker.on('message', (reply: Reply) => this.#settle(worker, reply));
    worker.on('error', error => {
      this.#drop(worker);
      this.#failAll(`the thread of SEAL failed: ${error.message}`);
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#drop(worker);
      this.#failAll('the thread of SEAL ended');
    });
    return worker;
  }

  #send(worker: Worker, call: C): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, call });
    });
  }

  #settle(worker: Worker, reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) worker.unref();
    if ('value' in reply) {
      pending?.resolve(reply.value);
      return;
    }
    const { error, code, trapped } = reply;
    pending?.reject(new BiolensError(code, trapped ? `SEAL trapped (${error}); its thread is replaced` : error));
    if (!trapped) return;
    this.#drop(worker);
    this.#failAll('SEAL trapped in another call; its thread is replaced');
  }

  #drop(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.replaced++;
    void worker.terminate();
  }

  #failAll(why: string): void {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) reject(new BiolensError('external', why));
  }
}
