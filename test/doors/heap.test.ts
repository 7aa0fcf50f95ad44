import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodePng } from '../../src/kit/images/index.ts';
import { drawing } from '../bench/official-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-heap-'));
beforeAll(async () => {
  for (const i of [1, 2]) writeFileSync(join(root, `${i}.png`), await encodePng(drawing(i)));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The command line in a process with a small heap, so that small files do what large ones do elsewhere. */
function run(...args: string[]): Promise<{ readonly code: number | string | null; readonly said: string }> {
  const bin = resolve(import.meta.dirname, '../../bin/biolens.js');
  const options = { env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=160' }, maxBuffer: 2 ** 24 };
  return new Promise(done => {
    execFile(process.execPath, [bin, ...args], options, (error, out, err) =>
      done({ code: error === null ? 0 : (error.signal ?? error.code ?? null), said: out + err }),
    );
  });
}

const questionsOf = (content: string): string =>
  `{"category":"a","sub-category":"b","num_images":"zero","questions":${content}}`;
const many = (n: number, make: (i: number) => string): string => Array.from({ length: n }, (_, i) => make(i)).join(',');

// Each of these ended the process with 134 and a dump of its heap.
test.each<[string, string, string, RegExp]>([
  [
    'many lists',
    'lists.json',
    questionsOf(`{"1":[${many(5_000_000, () => '[]')}]}`),
    /\.json: more values and names than the memory/,
  ],
  [
    'many names',
    'names.json',
    questionsOf(`{${many(900_000, i => `"k${i}":0`)}}`),
    /\.json: more values and names than the memory/,
  ],
])('a file of %s is told, and the process lives', async (_, name, content, message) => {
  const file = join(root, name);
  writeFileSync(file, content);
  const { code, said } = await run('bench', 'stats', '--from', file);
  expect(said).toMatch(message);
  expect(said).toContain(name);
  expect(code).toBe(0);
});

test('a table of many rows is refused', async () => {
  const file = join(root, 'labels.csv');
  writeFileSync(file, `file,gender\n${'1.png,f\n'.repeat(4_000_000)}`);
  const audit = ['audit', '--train', root, '--generated', root, '--labels', file, '--runs-dir', join(root, 'runs')];
  const { code, said } = await run(...audit);
  expect(said).toMatch(
    /labels\.csv: about 8,000,00\d cells, more than the [\d,]+ that the memory of this process is good for/,
  );
  expect(code).toBe(2);
});
