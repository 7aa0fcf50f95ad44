import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** When anything in a folder was changed last, in milliseconds. */
export function newestChange(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(status.mtimeMs, ...readdirSync(path).map(name => newestChange(join(path, name))));
}

export interface BuiltPage {
  readonly templatePath: string;
  readonly remove: () => void;
}

/** The page of `dist/web` where it is newer than its sources; else one built beside it, so that no test looks at an old page. */
export function buildPage(): BuiltPage {
  const ready = join(root, 'dist/web/index.html');
  const changed = Math.max(
    ...['web', 'src/ground/contracts', 'vite.config.ts'].map(path => newestChange(join(root, path))),
  );
  if (existsSync(ready) && statSync(ready).mtimeMs > changed) return { templatePath: ready, remove: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'biolens-page-'));
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'error', '--outDir', folder], { cwd: root });
  return {
    templatePath: join(folder, 'index.html'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
