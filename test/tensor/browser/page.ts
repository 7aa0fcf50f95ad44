import { openBrowserRuntime } from '../../../src/kit/tensor/browser.ts';
import type { DeviceChoice } from '../../../src/kit/tensor/index.ts';
import { gradientsOfCases, trainSomeSteps } from './workload.ts';

// The script of the test's page.

const startWorker = () =>
  new Worker(new URL('../../../src/kit/tensor/worker/browser.ts', import.meta.url), { type: 'module' });

async function compute(device: DeviceChoice, all: boolean) {
  const runtime = await openBrowserRuntime({ device, threads: 2, startWorker });
  const answers = {
    device: runtime.device,
    reason: runtime.deviceReason,
    engine: runtime.engine,
    isolated: crossOriginIsolated,
    losses: await trainSomeSteps(runtime),
    gradients: all ? await gradientsOfCases(runtime) : {},
  };
  await runtime.close();
  return answers;
}

export type Computed = Awaited<ReturnType<typeof compute>>;

/** What happens where a device is missing, or the worker's script. */
async function refuse() {
  const reasonOf = (device: DeviceChoice, start: () => Worker) =>
    openBrowserRuntime({ device, startWorker: start }).then(
      async runtime => {
        await runtime.close();
        return `${runtime.device}: ${runtime.deviceReason}`;
      },
      (error: Error) => error.message,
    );
  return {
    auto: await reasonOf('auto', startWorker),
    webgpu: await reasonOf('webgpu', startWorker),
    cuda: await reasonOf('cuda', startWorker),
    missing: await reasonOf('cpu', () => new Worker('nowhere.js', { type: 'module' })),
  };
}

export type Refusals = Awaited<ReturnType<typeof refuse>>;

Object.assign(globalThis, { compute, refuse });
