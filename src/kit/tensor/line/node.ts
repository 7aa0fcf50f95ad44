import { Worker } from 'node:worker_threads';
import { BiolensError } from '../../../ground/errors.ts';
import {
  ACTIVITY,
  type Answer,
  type AnswerOf,
  COMPUTING,
  END,
  ENDING,
  type RequestBody,
  STARTING,
} from '../worker/messages.ts';
import { Dialogue, type Line } from './line.ts';

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
export class WorkerLine implements Line {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #exited: Promise<unknown>;
  readonly #dialogue: Dialogue;

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? '../worker/node.ts' : '../worker/node.js';
    this.#state[ACTIVITY] = STARTING;
    // Without the parent's flags: some, such as --input-type, stop a thread from starting.
    const worker = new Worker(new URL(file, import.meta.url), { execArgv: [], workerData: this.#state });
    const dialogue = new Dialogue((request, transfer) => worker.postMessage(request, transfer));
    this.#worker = worker;
    this.#dialogue = dialogue;
    this.#exited = new Promise(resolve => worker.on('exit', resolve));
    worker.on('message', (answer: Answer) => {
      dialogue.settle(answer);
      if (dialogue.idle && !dialogue.ended) worker.unref();
    });
    worker.on('error', error =>
      dialogue.fail(new BiolensError('external', `the engine's thread failed: ${error.message}`, { cause: error })),
    );
    worker.on('exit', status => {
      dialogue.fail(new BiolensError('external', `the engine's thread ended with status ${status}`));
      living.delete(this);
      if (living.size === 0) process.off('exit', letFinish);
    });
    worker.unref();
    if (living.size === 0) process.on('exit', letFinish);
    living.add(this);
  }

  ask<K extends Exclude<Answer['kind'], 'failed'>>(
    kind: K,
    request: RequestBody,
    transfer?: readonly ArrayBuffer[],
  ): Promise<AnswerOf<K>> {
    const answer = this.#dialogue.ask(kind, request, transfer);
    if (!this.#dialogue.ended) this.#worker.ref();
    return answer;
  }

  get ended(): boolean {
    return this.#dialogue.ended;
  }

  stopBeginning(): void {
    Atomics.store(this.#state, ENDING, 1);
  }

  waitUntilIdle(): void {
    // A worker that fails to start never says so here.
    Atomics.wait(this.#state, ACTIVITY, STARTING, START_TIMEOUT_MS);
    Atomics.wait(this.#state, ACTIVITY, COMPUTING);
  }

  /** The worker finishes its call first. */
  async end(): Promise<void> {
    this.#dialogue.fail(new BiolensError('usage', 'the runtime is closed'));
    this.stopBeginning();
    this.#worker.ref();
    this.#worker.postMessage(END);
    await this.#exited;
  }
}
