import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { studyReportSchema } from '../../src/ground/contracts/index.ts';
import { writeToneClassifier, writeTones } from '../study/folder.ts';
import { biolens } from './biolens.ts';

let root = '';
let given: string[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'biolens-study-cli-'));
  await writeTones(join(root, 'tones'), { n: 24 });
  const classifier = await writeToneClassifier(join(root, 'model'));
  given = ['--images', join(root, 'tones'), '--classifier', classifier, '--runs-dir', join(root, 'runs')];
});
afterAll(() => rm(root, { recursive: true, force: true }));

const study = (...args: string[]) => biolens('study', 'bias-by-size', ...given, ...args);
const small = ['--size', '8', '--batch', '4', '--samples', '16', '--kinds', 'gan', '--steps', '2'];

test('a study prints its result as JSON, writes its page, and can be shown', async () => {
  const { code, out, err } = await study('--attribute', 'tone', '--sizes', '12,99', ...small, '--json');
  expect(err).toContain(`size 99 is left out: ${join(root, 'tones')} has 24 images`);
  expect(code).toBe(0);
  const report = studyReportSchema.parse(JSON.parse(out));
  expect(report.results.map(({ kind, size }) => [kind, size])).toEqual([['gan', 12]]);
  const shown = await biolens('runs', 'show', 'latest', '--runs-dir', join(root, 'runs'));
  expect(shown.out).toContain('study, done');
  expect(shown.out).toMatch(/tone light {2}training .*gan\n12 /);
  expect(shown.out).toContain('Size 99 was left out');
  const [, path = ''] = /^in (.*)$/m.exec(shown.out) ?? [];
  expect(await readFile(join(path, 'report.html'), 'utf8')).toContain('biolens/study@1');
});

test('a gate that holds exits with 1', async () => {
  const gate = ['--fail-on', 'results.0.samples>10'];
  const { code, err } = await study('--attribute', 'tone', '--sizes', '12', ...small, ...gate);
  expect(code).toBe(1);
  expect(err).toContain('results.0.samples>10: it is 16');
});

const some = ['--attribute', 'tone', '--sizes', '12'];

test.each([
  ['no attribute', [], '--attribute is missing'],
  [
    'a size that is no number',
    ['--attribute', 'tone', '--sizes', '12,many'],
    '--sizes expected a whole number from 2, got',
  ],
  [
    'a kind that is none',
    ['--attribute', 'tone', '--kinds', 'vae'],
    '--kinds expected one of gan, diffusion, command, got "vae"',
  ],
  ['two budgets', ['--attribute', 'tone', '--steps', '3', '--epochs', '2'], '--steps and --epochs exclude each other'],
  ['sizes that are all too large', ['--attribute', 'tone', '--sizes', '25'], 'expected one of at most 24'],
  ['a side that is no power of two', ['--attribute', 'tone', '--size', '24'], '--size expected a power of two'],
  ['a target that is no distribution', [...some, '--target', 'tone=light:0.5'], 'sum to 1'],
  ['a target of something else', [...some, '--target', 'age=old:1'], '"age" is not one of the attributes tone'],
])('%s is refused in one line', async (_, args, message) => {
  const { code, out, err } = await study(...args);
  expect(err.trimEnd().split('\n').at(-1)).toMatch(/^biolens: /);
  expect(err).toContain(message);
  expect([code, out]).toEqual([2, '']);
});
