// What npm runs after `npm ci` and before packing: builds all that the package holds. Not where `scripts/setup.js` makes a clone ready for its sources
// alone, and builds the pages and kernels itself. Plain JavaScript, because the Node that runs it may be an old one.
import { spawnSync } from 'node:child_process';

if (!process.env.BIOLENS_SOURCES_ONLY) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}
