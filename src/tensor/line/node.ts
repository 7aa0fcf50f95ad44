import { Worker } from 'node:worker_threads';
import { BiolensError } from '../../errors.ts';
import { ACTIVITY, type Answer, COMPUTING, END, ENDING, type Request, STARTING } from '../worker/messages.ts';

type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const START_TIMEOUT_MS = 10_000;

/**
 * Lines with a living worker. ONNX Runtime aborts the whole process when its thread is stopped within a call, as a process does that
 * exits; so an exiting one first lets each worker finish its call. (It would wait for that in any case.)
 */
const living = new Set<WorkerLine>();
function letFinish(): void {
  for (const line of living) line.stopBeginning();
  for (const line of living) line.waitUntilIdle();
}

/** A worker thread that answers requests in order. It keeps the process alive only while a request is open. */
export class WorkerLine {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #failure: BiolensError | undefined;

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? '../worker/node.ts' : '../worker/node.js';
    this.#state[ACTIVITY] = STARTING;
    // Without the parent's flags: some, such as --input-type, stop a thread from starting.
    this.#worker = new Worker(new URL(file, import.meta.url), { execArgv: [], workerData: this.#state });
    this.#exited = new Promise(resolve => this.#worker.on('exit', resolve));
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', error =>
      this.#fail(new BiolensError('external', `the engine's thread failed: ${error.message}`, { cause: error })),
    );
    this.#worker.on('exit', status => {
      this.#fail(new BiolensError('external', `the engine's thread ended with status ${status}`));
      living.delete(this);
      if (living.size === 0) process.off('exit', letFinish);
    });
    this.#worker.unref();
    if (living.size === 0) process.on('exit', letFinish);
    living.add(this);
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0 && this.#failure === undefined) this.#worker.unref();
    if (answer.kind === 'failed') waiting?.reject(new BiolensError(answer.code, answer.message));
    else waiting?.resolve(answer);
  }

  #fail(error: BiolensError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  ask<K extends Exclude<Answer['kind'], 'failed'>>(
    kind: K,
    request: RequestBody,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<AnswerOf<K>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // First, because it throws for memory that cannot be sent.
    this.#worker.postMessage({ ...request, id }, transfer);
    this.#waiting.set(id, { resolve, reject });
    this.#worker.ref();
    return promise.then(answer => {
      if (!isKind(answer, kind))
        throw new BiolensError('external', `the engine answered ${answer.kind} to ${request.kind}`);
      return answer;
    });
  }

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  stopBeginning(): void {
    Atomics.store(this.#state, ENDING, 1);
  }

  waitUntilIdle(): void {
    // A worker that fails to start never says so here.
    Atomics.wait(this.#state, ACTIVITY, STARTING, START_TIMEOUT_MS);
    Atomics.wait(this.#state, ACTIVITY, COMPUTING);
  }

  /** Rejects what is open, and resolves when the worker has finished its call and ended. */
  async end(): Promise<void> {
    this.#fail(new BiolensError('usage', 'the runtime is closed'));
    this.stopBeginning();
    this.#worker.ref();
    this.#worker.postMessage(END);
    await this.#exited;
  }
}

function isKind<K extends Answer['kind']>(answer: Answer, kind: K): answer is AnswerOf<K> {
  return answer.kind === kind;
}
