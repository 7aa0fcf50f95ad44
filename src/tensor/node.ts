import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
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
import type { TensorData } from './types.ts';
import type { Answer, Request } from './worker/messages.ts';

type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A worker thread that answers requests in order. It keeps the process alive only while a request is open. */
class WorkerLine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #failure: BiolensError | undefined;

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? './worker/node.ts' : './worker/node.js';
    // Without the parent's flags: some, such as --input-type, stop a thread from starting.
    this.#worker = new Worker(new URL(file, import.meta.url), { execArgv: [] });
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', error =>
      this.#fail(new BiolensError('external', `the engine's thread failed: ${error.message}`, { cause: error })),
    );
    this.#worker.on('exit', () => this.#fail(new BiolensError('external', 'the runtime is closed')));
    this.#worker.unref();
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
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
    this.#waiting.set(id, { resolve, reject });
    this.#worker.ref();
    this.#worker.postMessage({ ...request, id }, transfer);
    return promise.then(answer => {
      if (!isKind(answer, kind))
        throw new BiolensError('external', `the engine answered ${answer.kind} to ${request.kind}`);
      return answer;
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
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

function transferable(feeds: Readonly<Record<string, TensorData>>): ArrayBuffer[] {
  const buffers = new Set(Object.values(feeds).map(({ data }) => data.buffer));
  return [...buffers].filter(buffer => buffer instanceof ArrayBuffer);
}

/**
 * Opens ONNX Runtime in a worker thread.
 *
 * The thread does not keep the process alive while it is idle, so a forgotten `close` does not hang a program.
 *
 * @throws {BiolensError} `usage` when the device is not there.
 * @example
 * const runtime = await openRuntime({ device: 'cpu', threads: 2 });
 * const session = await runtime.load(graph.build());
 * const { y } = await session.run({ x: float32(numbers, [1, 2]) });
 */
export async function openRuntime({
  device = 'auto',
  threads = availableParallelism(),
}: RuntimeOptions = {}): Promise<Runtime> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new BiolensError('usage', `"threads" expected a whole number from 1, got ${threads}`);
  const line = new WorkerLine();
  let nextSession = 0;
  try {
    const opened = await line.ask('opened', { kind: 'open', device, threads });
    return {
      device: opened.device,
      engine: opened.engine,
      close: () => line.end(),
      load: async (model, { file = 'model' }: LoadOptions = {}): Promise<Session> => {
        const { inputs, outputs } = readModelInfo(model, { file });
        const session = nextSession++;
        await line.ask('loaded', { kind: 'load', session, model }).catch(error => {
          throw error instanceof BiolensError && error.code === 'input'
            ? new BiolensError('input', `${file}: ${error.message}`, { cause: error })
            : error;
        });
        const names = outputs.map(({ name }) => name);
        return {
          inputs,
          outputs,
          run: async (feeds, { outputs: wanted = names, transfer = false, signal }: RunOptions = {}) => {
            throwIfAborted(signal);
            checkFeeds(inputs, feeds);
            const unknown = wanted.find(name => !names.includes(name));
            if (unknown !== undefined)
              throw new BiolensError('usage', `output "${unknown}" is not one of the model's: ${names.join(', ')}`);
            const request = { kind: 'run', session, feeds, outputs: wanted } as const;
            const ran = await withSignal(line.ask('ran', request, transfer ? transferable(feeds) : []), signal);
            return { ...ran.outputs };
          },
          close: async () => {
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
