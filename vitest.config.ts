import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Rooms whose tests call functions and change nothing outside of them: their files share a process, which starts and imports once. */
const PURE = ['audit/metrics', 'audit/replication', 'images', 'job', 'math', 'privacy', 'verification'].map(
  room => `test/${room}/**/*.test.ts`,
);

/** `npm test` runs all but the slow proofs; `npm run test:slow` runs those alone. */
export default defineConfig(({ mode }) => {
  const slow = mode === 'slow';
  const exclude = slow ? [] : ['test/**/*.slow.test.ts'];
  return {
    test: {
      pool: 'forks',
      // Commands, workers and their children start sooner with their sources compiled.
      env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tests') },
      maxWorkers: 2,
      // A crowded machine takes several times as long as a quiet one.
      testTimeout: slow ? 1_800_000 : 120_000,
      hookTimeout: 120_000,
      projects: slow
        ? [{ extends: true, test: { name: 'slow', include: ['test/**/*.slow.test.ts'] } }]
        : [
            { extends: true, test: { name: 'pure', include: PURE, exclude, isolate: false } },
            { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'], exclude: [...exclude, ...PURE] } },
          ],
    },
  };
});
