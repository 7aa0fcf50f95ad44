// Compiles assembly/ into dist/kernels/ with AssemblyScript.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import asc from 'assemblyscript/asc';

const root = resolve(import.meta.dirname, '..');
mkdirSync(join(root, 'dist', 'kernels'), { recursive: true });
const { error, stderr } = await asc.main([
  join('assembly', 'products.ts'),
  ...['--baseDir', root, '--outFile', join('dist', 'kernels', 'products.wasm')],
  ...['--runtime', 'stub', '--optimizeLevel', '3', '--noAssert'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--enable', 'simd', '--enable', 'threads'],
]);
if (error !== null) {
  console.error(`kernels: ${error.message}\n${stderr.toString()}`);
  process.exit(1);
}
