import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../../../ground/errors.ts';
import type { AdditiveKernel } from '../kernel.ts';
import type { Layout } from '../layout.ts';
import { attachKernel } from '../wasm/node.ts';

/** What a thread is started with. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly worker: number;
}

/** Tiles of the shared gallery that it shall sum up with some probes. */
export interface SumRequest {
  readonly id: number;
  readonly probes: Int32Array;
  readonly dimension: number;
  readonly first: number;
  readonly count: number;
}

/** Sums up its part of the shared gallery; it holds no key. */
function serve(port: NonNullable<typeof parentPort>, { module, memory, layout, worker }: ThreadStart): void {
  const opened: Promise<AdditiveKernel> = attachKernel(module, memory, { layout, worker });
  port.on('message', async ({ id, probes, ...part }: SumRequest) => {
    try {
      const kernel = await opened;
      const { byteOffset, length } = kernel.products(probes, part);
      // The sums lie in the memory that both see.
      port.postMessage({ id, byteOffset, length });
    } catch (error) {
      port.postMessage({ id, error: messageOf(error) });
    }
  });
}

if (parentPort !== null) serve(parentPort, workerData as ThreadStart);
