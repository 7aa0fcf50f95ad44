import { availableParallelism } from 'node:os';
import { isMarkedAsUntransferable, Worker } from 'node:worker_threads';
import { BiolensError, throwIfAborted } from '../errors.ts';
import { readModelInfo } from './onnx/read.ts';
import {
  checkFeeds,
  type LoadOptions,
  type RunOptions,
  type Runtime,
  type RuntimeOptions,
  type Session,
} from './runtime.ts';
import { ACTIVITY, type Answer, COMPUTING, END, ENDING, type Request, STARTING } from './worker/messages.ts';

export { type MatrixFile, openMatrixFile } from './files/node.ts';

type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

// ONNX Runtime reports to its makers unless it is told not to; it asks the process's environment when it is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';

const START_TIMEOUT_MS = 10_000;

/**
 * Lines with a living worker. ONNX Runtime aborts the whole process when its thread is stopped within a call, as a process does that
 * exits; so an exiting one first lets each worker finish its call. (It would wait for that in any case.)
 */
const open = new Set<WorkerLine>();
function letFinish(): void {
  for (const line of open) line.stopBeginning();
  for (const line of open) line.waitUntilIdle();
}

/** A worker thread that answers requests in order. It keeps the process alive only while a request is open. */
class WorkerLine {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #failure: BiolensError | undefined;

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? './worker/node.ts' : './worker/node.js';
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
      open.delete(this);
      if (open.size === 0) process.off('exit', letFinish);
    });
    this.#worker.unref();
    if (open.size === 0) process.on('exit', letFinish);
    open.add(this);
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

function withSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new BiolensError('interrupted', 'interrupted', { cause: signal.reason }));
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}

/** Memory that can be handed over: not what is shared with the worker already, nor Node's common pool of small buffers. */
function transferable(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  return [...new Set(arrays.map(({ buffer }) => buffer))]
    .filter(buffer => buffer instanceof ArrayBuffer)
    .filter(buffer => !isMarkedAsUntransferable(buffer));
}

/** An error of the engine's about a model, with the model's name before it. */
function naming(file: string): (error: unknown) => never {
  return error => {
    throw error instanceof BiolensError && error.code === 'input'
      ? new BiolensError('input', `${file}: ${error.message}`, { cause: error })
      : error;
  };
}

/**
 * Opens ONNX Runtime in a worker thread.
 *
 * The thread does not keep the process alive while it is idle, so a forgotten `close` does not hang a program.
 *
 * @throws {BiolensError} `usage` when the device is not there; `interrupted`.
 * @example
 * const runtime = await openRuntime({ device: 'cpu', threads: 2 });
 * const session = await runtime.load(graph.build());
 * const { y } = await session.run({ x: float32(numbers, [1, 2]) });
 */
export async function openRuntime({
  device = 'auto',
  threads = availableParallelism(),
  signal,
}: RuntimeOptions = {}): Promise<Runtime> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new BiolensError('usage', `"threads" expected a whole number from 1, got ${threads}`);
  throwIfAborted(signal);
  const line = new WorkerLine();
  let nextSession = 0;
  try {
    const opened = await withSignal(line.ask('opened', { kind: 'open', device, threads }), signal);
    return {
      device: opened.device,
      deviceReason: opened.reason,
      engine: opened.engine,
      close: () => line.end(),
      load: async (
        model,
        { file = 'model', transfer: give = false, spin = true }: LoadOptions = {},
      ): Promise<Session> => {
        const { inputs, outputs } = readModelInfo(model, { file });
        const session = nextSession++;
        await line
          .ask('loaded', { kind: 'load', session, model, spin }, give ? transferable([model]) : [])
          .catch(naming(file));
        const names = outputs.map(({ name }) => name);
        let closed = false;
        return {
          inputs,
          outputs,
          run: async (feeds, { outputs: wanted = names, transfer = false, signal }: RunOptions = {}) => {
            throwIfAborted(signal);
            if (closed) throw new BiolensError('usage', `${file}: the session is closed`);
            checkFeeds(inputs, feeds);
            const unknown = wanted.find(name => !names.includes(name));
            if (unknown !== undefined)
              throw new BiolensError('usage', `output "${unknown}" is not one of the model's: ${names.join(', ')}`);
            const request = { kind: 'run', session, feeds, outputs: wanted } as const;
            const given = transfer ? transferable(Object.values(feeds).map(({ data }) => data)) : [];
            const ran = await withSignal(line.ask('ran', request, given).catch(naming(file)), signal);
            return { ...ran.outputs };
          },
          close: async () => {
            if (closed || line.ended) return;
            closed = true;
            await line.ask('closed', { kind: 'close', session });
          },
        };
      },
    };
  } catch (error) {
    await line.end();
    throw error;
  }
}
