import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** What a command printed and ended with. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A copy of the sources in a temporary folder, with the smallest job added to it. */
export interface House {
  readonly folder: string;
  /** Files outside the job's own folder that adding it has changed. */
  readonly touched: readonly string[];
  readonly bin: string;
  readonly remove: () => void;
  readonly biolens: (...args: string[]) => Promise<Outcome>;
}

/** Adds the job of `examples/tally-job` to a copy of the house, as a person would: its folder, and a line of the registry. */
export function addTallyJob(): House {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-tally-'));
  for (const name of ['src', 'bin', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(folder, name));
  const own = join(folder, 'src/jobs/tally');
  mkdirSync(own);
  for (const name of readdirSync(join(root, 'examples/tally-job'))) {
    const text = readFileSync(join(root, 'examples/tally-job', name), 'utf8');
    writeFileSync(join(own, name), text.replaceAll("'../../src/", "'../../"));
  }
  const registry = join(folder, 'src/app/job-list.ts');
  writeFileSync(registry, `${readFileSync(registry, 'utf8')}export { tallyJob } from '../jobs/tally/job.ts';\n`);
  const bin = join(folder, 'bin/biolens.js');
  return {
    folder,
    touched: ['src/app/job-list.ts'],
    bin,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    biolens: (...args) =>
      new Promise(done => {
        execFile(process.execPath, [bin, ...args], { cwd: folder }, (error, out, err) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          done({ code, out, err });
        });
      }),
  };
}
