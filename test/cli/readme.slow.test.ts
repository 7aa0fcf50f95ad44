import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const bin = join(root, 'bin/biolens.js');
const folder = mkdtempSync(join(tmpdir(), 'biolens-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The block of the README in which something is said, without its fences. */
function blockWith(text: string): string {
  const found = [...readme.matchAll(/^```[a-z]*\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return found.find(block => block.includes(text)) ?? '';
}

// About 2 minutes on two idle cores.
test('the README’s benchmark of drawn faces is made, asked and compared as it says', {
  timeout: 1_200_000,
}, async () => {
  const block = blockWith('bench build');
  const commands = [...block.matchAll(/^\$ biolens (.+)$/gm)].map(([, args = '']) => args.split(' '));
  expect(commands).toHaveLength(5);
  let said = '';
  for (const args of commands) {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], { cwd: folder });
    said = stdout;
  }
  const shown = block.slice(block.lastIndexOf('$ biolens')).split('\n').slice(1).join('\n');
  expect(said.trim()).toContain(shown.trim());
});
