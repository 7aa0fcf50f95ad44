import { parentPort, workerData } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { BiolensError, type ErrorCode, messageOf } from '../../errors.ts';
import { chooseDevice } from '../device/node.ts';
import type { DeviceChoice } from '../runtime.ts';
import type { TensorData } from '../types.ts';
import { ACTIVITY, type Answer, COMPUTING, END, ENDING, IDLE, type Request } from './messages.ts';

// ONNX Runtime computes in the thread that calls it: here, so that the caller's event loop stays free.

if (!(workerData instanceof Int32Array)) throw new Error('the engine runs in a worker that openRuntime starts');
const state = workerData;
function become(activity: number): void {
  Atomics.store(state, ACTIVITY, activity);
  Atomics.notify(state, ACTIVITY);
}
become(IDLE);

const sessions = new Map<number, InferenceSession>();
let options: InferenceSession.SessionOptions = {};

type AnswerBody = Answer extends infer A ? (A extends Answer ? Omit<A, 'id'> : never) : never;

function open(choice: DeviceChoice): AnswerBody {
  const { device, reason } = chooseDevice(choice);
  options = {
    executionProviders: [device],
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Measured: a third less memory at the same speed.
    enableMemPattern: false,
    logSeverityLevel: 4,
  };
  return { kind: 'opened', device, reason, engine: `onnxruntime-node ${env.versions.node ?? env.versions.common}` };
}

function toTensor({ dtype, data, shape }: TensorData): Tensor {
  return new Tensor(dtype, data, shape);
}

function fromTensor(tensor: Tensor): TensorData {
  const { data, dims: shape } = tensor;
  if (tensor.type === 'float32' && data instanceof Float32Array) return { dtype: 'float32', shape, data };
  // Nodes that know Float16Array give one; its bits are what is passed on.
  if (tensor.type === 'float16' && ArrayBuffer.isView(data))
    return { dtype: 'float16', shape, data: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) };
  if (tensor.type === 'int32' && data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (tensor.type === 'int64' && data instanceof BigInt64Array) return { dtype: 'int64', shape, data };
  if ((tensor.type === 'uint8' || tensor.type === 'bool') && data instanceof Uint8Array)
    return { dtype: tensor.type, shape, data };
  throw new Error(`an output has the type ${tensor.type}, which biolens does not read`);
}

async function answer(request: Request): Promise<AnswerBody> {
  if (request.kind === 'open') return open(request.device);
  if (request.kind === 'load') {
    const extra = { session: { intra_op: { allow_spinning: request.spin ? '1' : '0' } } };
    const own = { ...options, intraOpNumThreads: request.threads, extra };
    sessions.set(request.session, await InferenceSession.create(request.model, own));
    return { kind: 'loaded' };
  }
  const session = sessions.get(request.session);
  if (session === undefined) throw new Error('the session is closed');
  if (request.kind === 'close') {
    sessions.delete(request.session);
    await session.release();
    return { kind: 'closed' };
  }
  const tensors = (data: Readonly<Record<string, TensorData>>) =>
    Object.fromEntries(Object.entries(data).map(([name, tensor]) => [name, toTensor(tensor)]));
  const into = tensors(request.into);
  const wanted = Object.fromEntries(request.outputs.map(name => [name, into[name] ?? null]));
  const found = await session.run(tensors(request.feeds), wanted);
  return {
    kind: 'ran',
    outputs: Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, fromTensor(tensor)])),
  };
}

/** Whose fault a failure is: a model that fails while it runs is wrong, unless there was no memory for it. */
function codeOf(error: unknown, { kind }: Request): ErrorCode {
  if (error instanceof BiolensError) return error.code;
  if (kind === 'load' || kind === 'run') return /alloc|out of memory/i.test(messageOf(error)) ? 'external' : 'input';
  return 'external';
}

async function respond(request: Request): Promise<void> {
  // First this, then a look at whether to end: the other side does it the other way round, so that one of both sees the other.
  become(COMPUTING);
  try {
    if (Atomics.load(state, ENDING) === 1) return;
    const body = await answer(request);
    const arrays = body.kind === 'ran' ? Object.values(body.outputs).map(({ data }) => data.buffer) : [];
    parentPort?.postMessage(
      { id: request.id, ...body },
      [...new Set(arrays)].filter(buffer => buffer instanceof ArrayBuffer),
    );
  } catch (error) {
    const failed = { kind: 'failed', code: codeOf(error, request), message: messageOf(error) } as const;
    parentPort?.postMessage({ id: request.id, ...failed });
  } finally {
    become(IDLE);
  }
}

let last = Promise.resolve();
parentPort?.on('message', (request: Request | typeof END) => {
  if (request === END) last.then(() => parentPort?.close());
  else last = last.then(() => respond(request));
});
