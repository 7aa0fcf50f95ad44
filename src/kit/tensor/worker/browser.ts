import type { InferenceSession } from 'onnxruntime-web';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import type { Device } from '../runtime.ts';
import { type Build, buffersOf, codeOf, Engine } from './engine.ts';
import { END, type Request } from './messages.ts';

// The web worker of `openBrowserRuntime`.

/** Whether the browser has a graphics adapter; workers have a `navigator` with `gpu` where there is WebGPU. */
async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: { readonly requestAdapter: () => Promise<unknown> } };
  return gpu !== undefined && (await gpu.requestAdapter()) !== null;
}

/** Loads the build of ONNX Runtime for a device. */
export async function openBuild({
  device: choice,
  assets,
  threads,
}: Extract<Request, { kind: 'open' }>): Promise<Build> {
  if (choice === 'cuda') throw new BiolensError('usage', 'device cuda: a browser has cpu and webgpu');
  const adapter = choice === 'cpu' ? false : await hasAdapter();
  if (choice === 'webgpu' && !adapter)
    throw new BiolensError('usage', 'device webgpu: this browser has no graphics adapter');
  const device: Device = adapter ? 'webgpu' : 'cpu';
  const { env, InferenceSession, Tensor } = await (device === 'webgpu'
    ? import('onnxruntime-web/webgpu')
    : import('onnxruntime-web/wasm'));
  if (assets !== undefined) env.wasm.wasmPaths = assets;
  // Threads share memory, which only pages have that are isolated from others.
  env.wasm.numThreads = crossOriginIsolated ? threads : 1;
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device === 'webgpu' ? 'webgpu' : 'wasm'],
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 4,
  };
  const reason = choice !== 'auto' ? 'asked for' : adapter ? 'there is a graphics adapter' : 'no graphics adapter';
  const engine = `onnxruntime-web ${env.versions.web ?? env.versions.common}`;
  // Memory for outputs is filled here: this build leaves what is not the graphics card's as it is.
  return { InferenceSession, Tensor, options, fillsOutputs: false, answer: { kind: 'opened', device, reason, engine } };
}

const engine = new Engine(openBuild);

async function respond(request: Request): Promise<void> {
  try {
    const body = await engine.answer(request);
    globalThis.postMessage({ id: request.id, ...body }, { transfer: buffersOf(body) });
  } catch (error) {
    globalThis.postMessage({
      id: request.id,
      kind: 'failed',
      code: codeOf(error, request),
      message: messageOf(error),
    });
  }
}

let last = Promise.resolve();
globalThis.onmessage = ({ data }: MessageEvent<Request | typeof END>) => {
  if (data === END) last.then(() => globalThis.close());
  else last = last.then(() => respond(data));
};
