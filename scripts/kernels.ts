// Compiles assembly/ into dist/kernels/ with AssemblyScript.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import asc from 'assemblyscript/asc';

const root = resolve(import.meta.dirname, '..');
/** Kernels and whether workers share their memory. */
const KERNELS = [
  { name: 'products', shared: true },
  { name: 'dots', shared: false },
];

mkdirSync(join(root, 'dist', 'kernels'), { recursive: true });
for (const { name, shared } of KERNELS) {
  const { error, stderr } = await asc.main([
    join('assembly', `${name}.ts`),
    ...['--baseDir', root, '--outFile', join('dist', 'kernels', `${name}.wasm`)],
    ...['--runtime', 'stub', '--optimizeLevel', '3', '--noAssert'],
    ...['--importMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--enable', 'simd'],
    ...(shared ? ['--sharedMemory', '--enable', 'threads'] : []),
  ]);
  if (error !== null) {
    console.error(`kernels: ${name}: ${error.message}\n${stderr.toString()}`);
    process.exit(1);
  }
}
