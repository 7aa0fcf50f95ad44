import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { benchBuildSchema, TASKS } from '../../src/ground/contracts/index.ts';
import { biolens } from './biolens.ts';

const folder = mkdtempSync(join(tmpdir(), 'biolens-build-cli-'));
const drawn = join(folder, 'drawn');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const build = (...args: string[]) => biolens('bench', 'build', ...args);
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

beforeAll(async () => {
  const flags = ['-n', '80', '--identities', '20', '--size', '64', '--masks', join(folder, 'drawn-masks')];
  expect(await biolens('faces', 'render', '-o', drawn, ...flags)).toMatchObject({ code: 0 });
}, 60_000);

describe('bench build', () => {
  test('says what it made, by task, and what to type next', async () => {
    const to = join(folder, 'quiz');
    const { code, out, err } = await build('--from', drawn, '-o', to, '--per-task', '2');
    expect(code).toBe(0);
    expect(err).toContain('read as drawn');
    expect(out).toContain('28 questions');
    for (const { name } of TASKS) expect(out).toContain(name);
    expect(out).toContain(`biolens bench run --from ${to}`);
    for (const line of out.replaceAll(to, 'quiz').split('\n')) expect(line.length).toBeLessThanOrEqual(80);

    const run = await biolens(
      'bench',
      'run',
      '--from',
      to,
      '--model',
      'frequent',
      '--json',
      '--runs-dir',
      join(folder, 'runs'),
    );
    expect(run.code).toBe(0);
    expect(JSON.parse(run.out).overall.n).toBe(28);
    const stats = await biolens('bench', 'stats', to, '--json');
    expect(JSON.parse(stats.out).summary).toMatchObject({ questions: 28, textOnly: 2 });
    const lint = await biolens('bench', 'lint', to, '--json', '--fail-on', 'flagged>0');
    expect(lint.code).toBe(0);
  });

  test('--json is the result, and names tasks with too few questions and why', async () => {
    const args = [
      '--from',
      join(folder, 'plain'),
      '-o',
      join(folder, 'json'),
      '--tasks',
      'gender,segmentation',
      '--json',
    ];
    await biolens('faces', 'render', '-n', '20', '-o', join(folder, 'plain'));
    const { code, out } = await build(...args, '--per-task', '3');
    expect(code).toBe(0);
    const result = benchBuildSchema.parse(JSON.parse(out));
    expect(result).toMatchObject({ questions: 3, byTask: { gender: 3 } });
    expect(result.shortfalls).toEqual([
      { task: 'segmentation', asked: 3, made: 0, reason: 'Drawn faces: no masks of the parts of faces' },
    ]);
    const text = await build(
      '--from',
      join(folder, 'plain'),
      '-o',
      join(folder, 'text'),
      '--tasks',
      'gender',
      '--tasks',
      'segmentation',
    );
    expect(text.out).toContain('Face Parsing: 0 of 20 questions: Drawn faces: no masks');
  });

  test.each([
    [['--from', drawn], 2, "required option '-o, --output <dir>'"],
    [['-o', 'x'], 2, "required option '--from <dir>'"],
    [['--from', drawn, '-o', drawn], 2, 'has files in it already'],
    [['--from', join(folder, 'nowhere'), '-o', 'x'], 2, 'no such file or folder'],
    [['--from', drawn, '-o', 'x', '--tasks', 'noses'], 2, '"tasks" expected some of age'],
    [['--from', drawn, '-o', 'x', '--layout', 'noses'], 2, '"layout" expected one of drawn'],
    [['--from', drawn, '-o', 'x', '--per-task', '0'], 2, '--per-task'],
    [['--from', drawn, '-o', 'x', '--format', 'xml'], 2, '--format'],
  ])('%j ends with exit code %d', async (args, code, message) => {
    const result = await build(...args);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
    expect(lastLine(result.err).length).toBeGreaterThan(0);
    expect(result.out).toBe('');
  });
});

test('bench layouts lists them, also as JSON', async () => {
  const { code, out } = await biolens('bench', 'layouts');
  expect(code).toBe(0);
  expect(out).toContain('fairface (FairFace)\n');
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  const json = await biolens('bench', 'layouts', '--json');
  expect(JSON.parse(json.out).layouts.map(({ name }: { name: string }) => name)).toContain('person-folders');
});
