import { parentPort, workerData } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../../ground/errors.ts';
import { chooseDevice } from '../device/node.ts';
import { type Build, buffersOf, codeOf, Engine } from './engine.ts';
import { ACTIVITY, COMPUTING, END, ENDING, IDLE, type Request } from './messages.ts';

// ONNX Runtime computes in the thread that calls it: here, so that the caller's event loop stays free.

if (!(workerData instanceof Int32Array)) throw new Error('the engine runs in a worker that openRuntime starts');
const state = workerData;
function become(activity: number): void {
  Atomics.store(state, ACTIVITY, activity);
  Atomics.notify(state, ACTIVITY);
}
become(IDLE);

const engine = new Engine(({ device: choice }): Build => {
  const { device, reason } = chooseDevice(choice);
  return {
    InferenceSession,
    Tensor,
    fillsOutputs: true,
    nativeHalves: true,
    options: {
      executionProviders: [device],
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Measured: a third less memory at the same speed.
      enableMemPattern: false,
      logSeverityLevel: 4,
    },
    answer: {
      kind: 'opened',
      device,
      reason,
      engine: `onnxruntime-node ${env.versions.node ?? env.versions.common}`,
    },
  };
});

async function respond(request: Request): Promise<void> {
  // First this, then a look at whether to end: the other side does it the other way round, so that one of both sees the other.
  become(COMPUTING);
  try {
    if (Atomics.load(state, ENDING) === 1) return;
    const body = await engine.answer(request);
    parentPort?.postMessage({ id: request.id, ...body }, buffersOf(body));
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
