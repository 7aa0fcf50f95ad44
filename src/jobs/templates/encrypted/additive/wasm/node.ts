import { BiolensError } from '../../../../../ground/errors.ts';
import { loadKernel } from '../../../kernels/node.ts';
import { type AdditiveKernel, plainKernel } from '../kernel.ts';
import { type Layout, layOut } from '../layout.ts';
import { TILE } from '../parameters.ts';

type Products = (
  tiles: number,
  count: number,
  dimension: number,
  probes: number,
  probeCount: number,
  out: number,
  stride: number,
) => void;

let compiled: Promise<WebAssembly.Module | null> | undefined;

/** The compiled kernel; null where it was not built, or this engine has no SIMD. */
export function loadProducts(): Promise<WebAssembly.Module | null> {
  compiled ??= loadKernel('products');
  return compiled;
}

/** The kernel over a shared memory that is there, with one worker's scratch. */
export async function attachKernel(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  { layout, worker }: { readonly layout: Layout; readonly worker: number },
): Promise<AdditiveKernel> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const products = exports.products as Products;
  const scratch = layout.scratch[worker]!;
  return {
    name: 'wasm',
    words: new Int32Array(memory.buffer, 0, layout.words),
    products(probes, { dimension, first, count }) {
      const probeCount = probes.length / dimension;
      const stride = count * TILE * 4;
      const needed = probes.byteLength + 16 + probeCount * stride;
      if (needed > scratch.bytes)
        throw new BiolensError(
          'usage',
          `${probeCount} probes take ${needed} bytes of scratch, there are ${scratch.bytes}`,
        );
      new Int32Array(memory.buffer, scratch.at, probes.length).set(probes);
      const out = scratch.at + Math.ceil(probes.byteLength / 16) * 16;
      // Addresses are 32 bits without a sign; JavaScript gives them as they are.
      products(first * dimension * TILE * 4, count, dimension, scratch.at, probeCount, out, stride);
      return new Int32Array(memory.buffer, out, probeCount * count * TILE);
    },
  };
}

/** Memory that one gallery and its workers share. */
export interface SharedGallery {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
}

/** @throws {BiolensError} `usage` for more than WebAssembly can address, or the machine has */
export function shareGallery(options: Parameters<typeof layOut>[0]): SharedGallery {
  const layout = layOut(options);
  try {
    return { layout, memory: new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true }) };
  } catch (error) {
    throw new BiolensError('usage', `a gallery of ${options.words} words: not enough memory`, { cause: error });
  }
}

/** A kernel for this thread alone: WebAssembly where it can be had, else plain JavaScript with the same bits. */
export async function openKernel(
  words: number,
  { scratchBytes }: { readonly scratchBytes: number },
): Promise<AdditiveKernel> {
  const module = await loadProducts();
  if (module === null) return plainKernel(new Int32Array(words));
  const { memory, layout } = shareGallery({ words, workers: 1, scratchBytes });
  return attachKernel(module, memory, { layout, worker: 0 });
}
