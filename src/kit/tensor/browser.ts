import { BiolensError } from '../../ground/errors.ts';
import { openLanes } from './lanes.ts';
import { Dialogue, type Line } from './line/line.ts';
import type { Runtime, RuntimeOptions } from './runtime.ts';
import { type Answer, END } from './worker/messages.ts';

/** A web worker, as far as the engine needs one: said here, so that programs without the DOM's types can import this too. */
export interface EngineWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void;
}

export interface BrowserRuntimeOptions extends RuntimeOptions {
  /** Starts the web worker of `biolens/tensor/browser-worker`, in the way of the page's bundler. */
  readonly startWorker: () => EngineWorker;
  /** Address of the folder with the `.wasm` and `.mjs` files of onnxruntime-web; by default beside the worker's script. */
  readonly assets?: string;
}

function openWebLine(startWorker: () => EngineWorker): Line {
  const worker = startWorker();
  const dialogue = new Dialogue((request, transfer) => worker.postMessage(request, [...transfer]));
  // The worker is our own code: what it answers needs no parsing.
  worker.addEventListener('message', ({ data }) => dialogue.settle(data as Answer));
  worker.addEventListener('error', ({ message }) =>
    dialogue.fail(
      new BiolensError('external', `the engine's worker failed: ${message || 'its script could not be loaded'}`),
    ),
  );
  return {
    ask: (kind, request, transfer) => dialogue.ask(kind, request, transfer),
    get ended() {
      return dialogue.ended;
    },
    end: async () => {
      dialogue.fail(new BiolensError('usage', 'the runtime is closed'));
      worker.postMessage(END, []);
    },
  };
}

const transferable = (arrays: readonly ArrayBufferView[]): ArrayBuffer[] =>
  [...new Set(arrays.map(({ buffer }) => buffer))].filter(buffer => buffer instanceof ArrayBuffer);

/**
 * Opens ONNX Runtime in a web worker: on WebAssembly (`cpu`) or on the graphics card (`webgpu`); `auto` takes the latter where there is one.
 *
 * Several threads take a page that is isolated from other origins (COOP and COEP headers); elsewhere there is one.
 *
 * @throws {BiolensError} `usage` when the device is not there; `external` when the worker does not start; `interrupted`.
 * @example
 * const runtime = await openBrowserRuntime({
 *   startWorker: () => new Worker(new URL('biolens/tensor/browser-worker', import.meta.url), { type: 'module' }),
 * });
 */
export function openBrowserRuntime({
  device = 'auto',
  threads = navigator.hardwareConcurrency,
  signal,
  startWorker,
  assets,
}: BrowserRuntimeOptions): Promise<Runtime> {
  return openLanes({
    openLine: () => openWebLine(startWorker),
    request: { device, threads, assets },
    transferable,
    signal,
  });
}
