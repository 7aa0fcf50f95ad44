// Compiles assembly/ into dist/kernels/ with AssemblyScript.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import asc from 'assemblyscript/asc';

const root = resolve(import.meta.dirname, '..');

const GIVEN = ['--importMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
/** Kernels and their memory: given, given and shared by workers, or one of their own. */
const KERNELS = {
  products: [...GIVEN, '--sharedMemory', '--enable', 'threads'],
  dots: GIVEN,
  masks: ['--initialMemory', '10', '--maximumMemory', '10'],
};

mkdirSync(join(root, 'dist', 'kernels'), { recursive: true });
for (const [name, memory] of Object.entries(KERNELS)) {
  const { error, stderr } = await asc.main([
    join('assembly', `${name}.ts`),
    ...['--baseDir', root, '--outFile', join('dist', 'kernels', `${name}.wasm`)],
    ...['--runtime', 'stub', '--optimizeLevel', '3', '--noAssert', '--enable', 'simd', ...memory],
  ]);
  if (error !== null) {
    console.error(`kernels: ${name}: ${error.message}\n${stderr.toString()}`);
    process.exit(1);
  }
}
