import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BiolensError } from '../../../ground/errors.ts';
import type { Device, DeviceChoice } from '../runtime.ts';

/** A device, and in words why this one. */
export interface ChosenDevice {
  readonly device: Device;
  readonly reason: string;
}

const PROBE_TIMEOUT_MS = 60_000;

/** Folder of onnxruntime-node, whose CUDA provider is a library that comes apart from the package. */
function packageFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
}

function hasCudaLibrary(): boolean {
  const folder = join(packageFolder(), 'bin');
  if (!existsSync(folder)) return false;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some(file => file.includes('providers_cuda'));
}

/** Why a device does not work here, or undefined if it does. */
function findProblem(device: Device): string | undefined {
  const file = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../probe/node.ts' : '../probe/node.js', import.meta.url),
  );
  const { status, signal, stdout, error } = spawnSync(process.execPath, [file, device], {
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
  });
  if (status === 0) return undefined;
  const said = stdout?.trim() ?? '';
  if (/No supported adapters/i.test(said))
    return 'no graphics adapter was found (on Linux this takes a Vulkan driver and libvulkan.so.1)';
  return said !== '' ? said : `its driver failed (${error?.message ?? signal ?? `status ${status}`})`;
}

const GET_CUDA =
  'ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js fetches them (Linux x64; CUDA 12 and cuDNN 9 too must be there)';

/**
 * Settles which device computes. CUDA and WebGPU are tried out in a process of their own, so that a broken driver ends in a message.
 *
 * @throws {BiolensError} `usage` when the device that was asked for is not there.
 */
export function chooseDevice(choice: DeviceChoice): ChosenDevice {
  if (choice === 'cpu') return { device: 'cpu', reason: 'asked for' };
  if (choice === 'auto') {
    if (!hasCudaLibrary()) return { device: 'cpu', reason: 'the CUDA libraries of onnxruntime-node are not installed' };
    const problem = findProblem('cuda');
    return problem === undefined
      ? { device: 'cuda', reason: 'CUDA is installed and works' }
      : { device: 'cpu', reason: `CUDA does not work: ${problem}` };
  }
  if (choice === 'cuda' && !hasCudaLibrary())
    throw new BiolensError('usage', `device cuda: onnxruntime-node is without its CUDA libraries; ${GET_CUDA}`);
  const problem = findProblem(choice);
  if (problem !== undefined) throw new BiolensError('usage', `device ${choice}: ${problem}`);
  return { device: choice, reason: 'asked for' };
}
