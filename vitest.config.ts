import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm test` runs all but the slow proofs; `npm run test:slow` runs those alone. */
export default defineConfig(({ mode }) => {
  const slow = mode === 'slow';
  return {
    test: {
      include: slow ? ['test/**/*.slow.test.ts'] : ['test/**/*.test.ts'],
      exclude: slow ? [] : ['test/**/*.slow.test.ts'],
      pool: 'forks',
      // Commands, workers and their children start sooner with their sources compiled.
      env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tests') },
      maxWorkers: 2,
      testTimeout: slow ? 1_800_000 : 60_000,
      hookTimeout: 120_000,
    },
  };
});
