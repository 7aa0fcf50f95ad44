import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { BenchResult } from './bench-result.ts';

const BENCHES: Readonly<Record<string, () => Promise<{ bench: () => Promise<BenchResult> }>>> = {
  copies: () => import('./copies.ts'),
  encrypted: () => import('./encrypted/index.ts'),
  faces: () => import('./faces.ts'),
  federated: () => import('./federated.ts'),
  gallery: () => import('./gallery.ts'),
  harness: () => import('./harness.ts'),
  medical: () => import('./medical.ts'),
  neighbours: () => import('./neighbours.ts'),
  privacy: () => import('./privacy.ts'),
  queue: () => import('./queue.ts'),
  secagg: () => import('./secagg.ts'),
  text: () => import('./text.ts'),
  training: () => import('./training.ts'),
  video: () => import('./video.ts'),
};

const resultsFile = resolve(import.meta.dirname, 'RESULTS.md');

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: import.meta.dirname }).trim();
  } catch {
    return 'unknown commit';
  }
}

function toMarkdown(name: string, result: BenchResult): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  return [
    `<!-- ${name} -->`,
    `## ${result.title}`,
    '',
    line(result.columns),
    line(result.columns.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...result.rows.map(line),
    '',
    ...result.notes.map(note => `- ${note}`),
    `- ${machine}; ${new Date().toISOString().slice(0, 10)}, ${commit()}; \`npm run bench -- ${name}\``,
    `<!-- /${name} -->`,
  ].join('\n');
}

/** Replaces the section of one bench in RESULTS.md and leaves the others. */
function record(name: string, section: string): void {
  const text = existsSync(resultsFile)
    ? readFileSync(resultsFile, 'utf8')
    : '# Measured\n\nEach table: biolens and its peer side by side in one run. Made by `npm run bench`.\n';
  const pattern = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`);
  writeFileSync(
    resultsFile,
    pattern.test(text) ? text.replace(pattern, () => section) : `${text.trimEnd()}\n\n${section}\n`,
  );
}

const names = process.argv.slice(2);
const unknown = names.find(name => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`bench: there is no "${unknown}", there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  const load = BENCHES[name];
  if (load === undefined) continue;
  console.error(`bench: ${name} …`);
  const section = toMarkdown(name, await (await load()).bench());
  console.log(`${section}\n`);
  record(name, section);
}
