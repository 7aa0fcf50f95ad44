import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { wordsOfEngine } from './engine-words.ts';
import type { Line } from './line/line.ts';
import { type ModelInfo, readModelInfo } from './onnx/read.ts';
import { checkFeeds, checkInto, type LoadOptions, type RunOptions, type Runtime, type Session } from './runtime.ts';
import type { TensorData } from './types.ts';
import type { Request } from './worker/messages.ts';

function withSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new BiolensError('interrupted', 'interrupted', { cause: signal.reason }));
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}

/** An error of the engine's about a model, with the model's name before it. */
function naming(file: string): (error: unknown) => never {
  return error => {
    throw error instanceof BiolensError && error.code === 'input'
      ? new BiolensError('input', `${file}: ${wordsOfEngine(error.message)}`, { cause: error })
      : error;
  };
}

/** One worker, and how many runs it has in hand. */
interface Lane {
  readonly line: Line;
  inHand: number;
}

interface LoadedParts {
  readonly transferable: LanesOptions['transferable'];
  readonly file: string;
  readonly info: Pick<ModelInfo, 'inputs' | 'outputs'>;
  readonly session: number;
  readonly lanes: readonly Lane[];
}

function sessionOf({ file, info: { inputs, outputs }, session, lanes, transferable }: LoadedParts): Session {
  const names = outputs.map(({ name }) => name);
  let closed = false;
  return {
    inputs,
    outputs,
    run: async (feeds, { outputs: wanted = names, transfer = false, into = {}, signal }: RunOptions = {}) => {
      throwIfAborted(signal);
      if (closed) throw new BiolensError('usage', `${file}: the session is closed`);
      checkFeeds(inputs, feeds);
      checkInto(outputs, into);
      const unknown = wanted.find(name => !names.includes(name));
      if (unknown !== undefined)
        throw new BiolensError('usage', `output "${unknown}" is not one of the model's: ${names.join(', ')}`);
      const message = { kind: 'run', session, feeds, outputs: wanted, into } as const;
      const given = transfer ? transferable(Object.values(feeds).map(({ data }) => data)) : [];
      const lane = lanes.reduce((best, other) => (other.inHand < best.inHand ? other : best));
      const asked = lane.line.ask('ran', message, given);
      lane.inHand++;
      const answer = asked.finally(() => {
        lane.inHand--;
      });
      const ran = await withSignal(answer.catch(naming(file)), signal);
      return Object.fromEntries(Object.entries(ran.outputs).map(([name, tensor]) => [name, fill(into[name], tensor)]));
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await Promise.all(
        lanes.filter(({ line }) => !line.ended).map(({ line }) => line.ask('closed', { kind: 'close', session })),
      );
    },
  };
}

const bytesOf = ({ data }: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** What was computed in memory that was given for it; memory that is not shared comes back as a copy. */
function fill(target: TensorData | undefined, found: TensorData): TensorData {
  if (target === undefined) return found;
  const shared = typeof SharedArrayBuffer !== 'undefined' && target.data.buffer instanceof SharedArrayBuffer;
  if (!shared) bytesOf(target).set(bytesOf(found));
  return target;
}

export interface LanesOptions {
  /** Starts a worker. */
  readonly openLine: () => Line;
  readonly request: Omit<Extract<Request, { readonly kind: 'open' }>, 'id' | 'kind'>;
  /** Memory that can be handed over to a worker. */
  readonly transferable: (arrays: readonly ArrayBufferView[]) => ArrayBuffer[];
  readonly signal?: AbortSignal | undefined;
}

/** A runtime of workers, opened as sessions need them. */
export async function openLanes({ openLine, request, transferable, signal }: LanesOptions): Promise<Runtime> {
  if (!Number.isInteger(request.threads) || request.threads < 1)
    throw new BiolensError('usage', `"threads" expected a whole number from 1, got ${request.threads}`);
  throwIfAborted(signal);
  const lanes: Lane[] = [];
  let nextSession = 0;
  const { threads } = request;
  const openLane = async () => {
    const lane = { line: openLine(), inHand: 0 };
    lanes.push(lane);
    return withSignal(lane.line.ask('opened', { ...request, kind: 'open' }), signal);
  };
  const close = async () => {
    await Promise.all(lanes.map(({ line }) => line.end()));
  };
  try {
    const opened = await openLane();
    return {
      device: opened.device,
      threads,
      deviceReason: opened.reason,
      engine: opened.engine,
      close,
      load: async (
        model,
        { file = 'model', transfer: give = false, spin = true, lanes: wanted = 1 }: LoadOptions = {},
      ): Promise<Session> => {
        if (!Number.isInteger(wanted) || wanted < 1)
          throw new BiolensError('usage', `"lanes" expected a whole number from 1, got ${wanted}`);
        const info = readModelInfo(model, { file });
        const session = nextSession++;
        while (lanes.length < wanted) await openLane();
        const own = lanes.slice(0, wanted);
        const share = Math.max(1, Math.floor(threads / wanted));
        const message = { kind: 'load', session, model, spin, threads: share } as const;
        // The last one may take the bytes: messages to the others have been copied by then.
        const loading = own.map(({ line }, i) =>
          line.ask('loaded', message, give && i === wanted - 1 ? transferable([model]) : []),
        );
        await Promise.all(loading).catch(naming(file));
        return sessionOf({ file, info, session, lanes: own, transferable });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
