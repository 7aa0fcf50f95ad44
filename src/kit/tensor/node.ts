import { availableParallelism } from 'node:os';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { openLanes } from './lanes.ts';
import { WorkerLine } from './line/node.ts';
import type { Runtime, RuntimeOptions } from './runtime.ts';

export { type MatrixFile, openMatrixFile } from './files/node.ts';
export { pathInside } from './inside/node.ts';
export { readModelFile } from './model-file/node.ts';
export { openRegularFile, openTensorFile, readExactly, type TensorFile } from './tensor-file/node.ts';

// ONNX Runtime reports to its makers unless it is told not to; it asks the process's environment when it is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';

/** Memory that can be handed over: not what is shared with the worker already, nor Node's common pool of small buffers. */
function transferable(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  return [...new Set(arrays.map(({ buffer }) => buffer))]
    .filter(buffer => buffer instanceof ArrayBuffer)
    .filter(buffer => !isMarkedAsUntransferable(buffer));
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
export function openRuntime({
  device = 'auto',
  threads = availableParallelism(),
  signal,
}: RuntimeOptions = {}): Promise<Runtime> {
  return openLanes({ openLine: () => new WorkerLine(), request: { device, threads }, transferable, signal });
}
