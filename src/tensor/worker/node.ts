import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../errors.ts';
import { Graph } from '../graph.ts';
import type { Device, DeviceChoice } from '../runtime.ts';
import type { TensorData } from '../types.ts';
import type { Answer, Request } from './messages.ts';

// ONNX Runtime computes in the thread that calls it: here, so that the caller's event loop stays free.

const sessions = new Map<number, InferenceSession>();
let options: InferenceSession.SessionOptions = {};

type AnswerBody = Answer extends infer A ? (A extends Answer ? Omit<A, 'id'> : never) : never;

/** The CUDA provider is a library that comes apart from the package. */
function hasCuda(): boolean {
  const folder = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')), 'bin');
  if (!existsSync(folder)) return false;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some(file => file.includes('providers_cuda'));
}

function chooseDevice(choice: DeviceChoice): Device {
  if (choice === 'auto') return hasCuda() ? 'cuda' : 'cpu';
  if (choice === 'cuda' && !hasCuda()) {
    throw new Error(
      'device cuda: the CUDA libraries of onnxruntime-node are not installed; ONNXRUNTIME_NODE_INSTALL_CUDA=v12 npm rebuild onnxruntime-node fetches them',
    );
  }
  return choice;
}

/** A model that returns its input, to find out whether a device works before anything rests on it. */
function probeModel(): Uint8Array {
  const graph = new Graph();
  graph.output('y', graph.input('x', [1]));
  return graph.build();
}

async function open(choice: DeviceChoice, threads: number): Promise<AnswerBody> {
  const device = chooseDevice(choice);
  options = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Measured: a third less memory at the same speed.
    enableMemPattern: false,
    logSeverityLevel: 4,
  };
  if (device === 'webgpu') {
    try {
      await (await InferenceSession.create(probeModel(), options)).release();
    } catch (error) {
      const reason = /No supported adapters/i.test(messageOf(error))
        ? 'no graphics adapter was found'
        : messageOf(error);
      throw new Error(`device webgpu: ${reason}`, { cause: error });
    }
  }
  return { kind: 'opened', device, engine: `onnxruntime-node ${env.versions.node ?? env.versions.common}` };
}

function toTensor({ dtype, data, shape }: TensorData): Tensor {
  return new Tensor(dtype, data, shape);
}

function fromTensor(tensor: Tensor): TensorData {
  const { data, dims: shape } = tensor;
  if (tensor.type === 'float32' && data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (tensor.type === 'float16' && data instanceof Uint16Array) return { dtype: 'float16', shape, data };
  if (tensor.type === 'int32' && data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (tensor.type === 'int64' && data instanceof BigInt64Array) return { dtype: 'int64', shape, data };
  if ((tensor.type === 'uint8' || tensor.type === 'bool') && data instanceof Uint8Array)
    return { dtype: tensor.type, shape, data };
  throw new Error(`an output has the type ${tensor.type}, which biolens does not read`);
}

async function answer(request: Request): Promise<AnswerBody> {
  if (request.kind === 'open') return open(request.device, request.threads);
  if (request.kind === 'load') {
    sessions.set(request.session, await InferenceSession.create(request.model, options));
    return { kind: 'loaded' };
  }
  const session = sessions.get(request.session);
  if (session === undefined) throw new Error('the session is closed');
  if (request.kind === 'close') {
    sessions.delete(request.session);
    await session.release();
    return { kind: 'closed' };
  }
  const feeds = Object.fromEntries(Object.entries(request.feeds).map(([name, feed]) => [name, toTensor(feed)]));
  const found = await session.run(feeds, request.outputs);
  return {
    kind: 'ran',
    outputs: Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, fromTensor(tensor)])),
  };
}

const FAILURE_CODES = { open: 'usage', load: 'input', run: 'external', close: 'external' } as const;

parentPort?.on('message', (request: Request) => {
  answer(request).then(
    body => {
      const transfer =
        body.kind === 'ran' ? [...new Set(Object.values(body.outputs).map(({ data }) => data.buffer))] : [];
      parentPort?.postMessage(
        { id: request.id, ...body },
        transfer.filter(buffer => buffer instanceof ArrayBuffer),
      );
    },
    (error: unknown) =>
      parentPort?.postMessage({
        id: request.id,
        kind: 'failed',
        code: FAILURE_CODES[request.kind],
        message: messageOf(error),
      }),
  );
});
