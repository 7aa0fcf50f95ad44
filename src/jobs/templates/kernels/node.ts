import { readFile } from 'node:fs/promises';

/** Where `npm run build` puts what it makes of assembly/. */
const FOLDER = import.meta.url.endsWith('.ts') ? '../../../../dist/kernels' : '../../../kernels';

/** A compiled kernel; null where it was not built, or this engine has no SIMD. */
export async function loadKernel(name: 'dots' | 'products'): Promise<WebAssembly.Module | null> {
  return await readFile(new URL(`${FOLDER}/${name}.wasm`, import.meta.url))
    .then(bytes => WebAssembly.compile(bytes))
    .catch(() => null);
}
