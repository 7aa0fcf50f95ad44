import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BiolensError } from '../../../../ground/errors.ts';
import type { Encrypted } from '../../encrypted/additive/holder.ts';
import type { RecordPlace, Sealer } from '../service.ts';
import type { HolderCall, HolderCalls, HolderReply, HolderStart } from './calls.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The keys of a gallery in a process of their own: it seals, encrypts for the additive scheme, and decides what is accepted.
 *
 * Adversary: whoever reads the memory of the process that serves. It finds no key of records and no template but those in requests under way; it can
 * ask here as the service does, as long as it runs. Leaks to it: who is accepted, by any probe it likes.
 */
export class KeyHolder implements Sealer, AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: BiolensError | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: HolderReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new BiolensError(reply.code, reply.error));
      else waiting?.resolve(reply.answers as never);
    });
    const fail = (why: string): void => {
      this.#failure ??= new BiolensError('external', why);
      for (const { reject } of this.#waiting.values()) reject(this.#failure);
      this.#waiting.clear();
    };
    child.on('error', error => fail(`the process of the keys failed: ${error.message}`));
    child.on('exit', () => fail('the process of the keys ended; the gallery has to be started again'));
  }

  /** Starts the process, which makes the key file where there is none. @throws {BiolensError} `input` naming the file */
  static async open(start: HolderStart): Promise<KeyHolder> {
    const file = import.meta.url.endsWith('.ts') ? './process/node.ts' : './process/node.js';
    const holder = new KeyHolder(
      fork(fileURLToPath(new URL(file, import.meta.url)), {
        execArgv: [],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
    try {
      await holder.#ask('start', start);
    } catch (error) {
      await holder.close();
      throw error;
    }
    return holder;
  }

  /** The number of its process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  #ask<C extends HolderCall>(call: C, asks: HolderCalls[C]['asks']): Promise<HolderCalls[C]['answers']> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, call, asks }, error => {
        if (error === null) return;
        this.#waiting.delete(id);
        reject(new BiolensError('external', `the process of the keys: ${error.message}`, { cause: error }));
      });
    });
  }

  seal(template: Uint8Array, place: RecordPlace): Promise<Uint8Array> {
    return this.#ask('seal', { template, place });
  }

  reseal(record: Uint8Array, place: RecordPlace, generation: number): Promise<Uint8Array> {
    return this.#ask('reseal', { record, place, generation });
  }

  tag(text: string): Promise<string> {
    return this.#ask('tag', text);
  }

  async add(generation: number): Promise<void> {
    await this.#ask('add', generation);
  }

  async removeBefore(generation: number): Promise<void> {
    await this.#ask('removeBefore', generation);
  }

  /** Sealed records as ciphertexts, each in a slot of its own. */
  encrypt(records: HolderCalls['encrypt']['asks']): Promise<readonly Encrypted[]> {
    return this.#ask('encrypt', records);
  }

  /** @param sums of the slots from 0 on @returns the numbers of those that are accepted, the most similar first */
  search(probe: Int16Array, sums: Int32Array): Promise<Int32Array> {
    return this.#ask('search', { probe, sums });
  }

  /** Whether one of some slots is accepted. @param sums one for each slot */
  accepts(probe: Int16Array, slots: readonly number[], sums: readonly number[]): Promise<boolean> {
    return this.#ask('accepts', { probe, slots, sums });
  }

  async close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
