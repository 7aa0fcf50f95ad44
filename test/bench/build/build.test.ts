import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TASKS } from '../../../src/ground/contracts/index.ts';
import { buildBenchmark, countQuestions, openBenchmark } from '../../../src/jobs/bench/index.ts';
import { renderFaces } from '../../../src/kit/drawing/index.ts';
import { decodeImage } from '../../../src/kit/images/index.ts';
import { picture, temporaryFolder, writeFiles } from '../official-folder.ts';
import { checkBuilt, collectBuild, readProvenance } from './check-built.ts';

const CODES = TASKS.map(({ code }) => code);

let root = '';
let drawn = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'biolens-build-'));
  drawn = join(root, 'drawn');
  const masks = join(root, 'drawn-masks');
  for await (const _ of renderFaces(drawn, { n: 160, size: 96, seed: 3, identities: 40, duplicates: 0.05, masks }));
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

/** All files of a folder with what is in them. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return Object.fromEntries(
    files
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
      .map(path => [path.slice(folder.length + 1), readFileSync(path).toString('base64')]),
  );
}

describe('drawn faces', () => {
  test('make all fourteen tasks, and hold every promise', { timeout: 60_000 }, async () => {
    const to = join(root, 'all');
    const build = await collectBuild({ from: drawn, to, perTask: 9 });
    expect(build.shortfalls).toEqual([]);
    expect(build.unusable).toEqual([]);
    expect(build.byTask).toEqual(Object.fromEntries(CODES.map(code => [code, 9])));
    const { questions } = await checkBuilt(to, { from: drawn });
    expect(questions.length).toBe(build.questions);
    for (const { task, category } of questions)
      expect(category).toBe(TASKS.find(({ code }) => code === task)?.category);

    // What is made is made of several files where it has to be, and says how.
    const provenance = readProvenance(to);
    const how = (task: string): string[] =>
      provenance.filter(line => line.question.includes(`_${task}_`)).map(line => line.made ?? 'as it is');
    expect(new Set(how('crowd_counting')).size).toBeGreaterThan(3);
    expect(how('fas').some(made => /printed|tablet/.test(made))).toBe(true);
    expect(how('deepfakes')).toContain('features of the second face put on the first');
    expect(how('segmentation').every(made => made.endsWith('painted white'))).toBe(true);
    expect(how('lr_fr').every(made => made === 'reduced to 24 pixels')).toBe(true);
    expect(how('gender').every(made => made === 'as it is')).toBe(true);
    const small = provenance.find(line => line.question.includes('_lr_fr_'));
    expect(await decodeImage(join(to, small!.image))).toMatchObject({ width: 24, height: 24 });
    // A near-exact copy of an image would be a second image of the same person.
    const copies = readFileSync(join(drawn, 'labels.csv'), 'utf8')
      .split('\n')
      .slice(1)
      .filter(line => /\.png$/.test(line))
      .map(line => line.split(',')[0]);
    expect(copies.length).toBeGreaterThan(0);
    const used = new Set(provenance.flatMap(line => line.sources.map(source => source.file)));
    expect(copies.filter(file => used.has(file ?? ''))).toEqual([]);
  });

  test('the same seed gives the same bytes, another seed other questions', { timeout: 60_000 }, async () => {
    const tasks = ['age', 'hr_fr', 'fas', 'segmentation', 'tools_retrieval'] as const;
    const of = async (name: string, seed: number) => {
      const to = join(root, name);
      await collectBuild({ from: drawn, to, tasks, perTask: 3, seed });
      const { 'build.json': _, ...content } = contentOf(to);
      return content;
    };
    const [first, again, other] = [await of('first', 1), await of('again', 1), await of('other', 2)];
    expect(again).toEqual(first);
    expect(other['questions.jsonl']).not.toBe(first['questions.jsonl']);
  });

  test('the layout of the release is read as such', async () => {
    const to = join(root, 'official');
    const tasks = ['gender', 'headpose', 'tools_retrieval'] as const;
    await collectBuild({ from: drawn, to, tasks, perTask: 4, format: 'official' });
    const benchmark = await openBenchmark(to);
    expect(benchmark.format).toBe('official');
    const questions = await Array.fromAsync(benchmark.questions());
    expect(questions.length).toBe(12);
    const { summary } = await countQuestions(questions);
    expect(summary).toMatchObject({ questions: 12, textOnly: 4 });
    const twin = join(root, 'jsonl');
    await collectBuild({ from: drawn, to: twin, tasks, perTask: 4 });
    const ours = await Array.fromAsync((await openBenchmark(twin)).questions());
    const said = (all: typeof ours) =>
      all
        .map(({ id, text, options, correct, task }) => ({ id, text, options, correct, task }))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(said(questions)).toEqual(said(ours));
  });

  test('images that are shown as they are can be linked to, by links that lead nowhere else', async () => {
    const to = join(root, 'linked');
    await collectBuild({ from: drawn, to, tasks: ['gender', 'lr_fr'], perTask: 2, copy: false });
    for (const { image, made } of readProvenance(to)) {
      const info = lstatSync(join(to, image));
      expect(info.isSymbolicLink()).toBe(false);
      expect(info.nlink > 1).toBe(made === null);
    }
    await checkBuilt(to, { from: drawn });
  });
});

describe('several folders', () => {
  test('share a task, and what one cannot make the other may', async () => {
    await using folder = await temporaryFolder();
    const [a, b] = [`${folder.path}/a`, `${folder.path}/b`];
    const rows = (n: number) => Array.from({ length: n }, (_, i) => `${i}.png,${i % 2 ? 'male' : 'female'}`).join('\n');
    for (const [at, [root, n]] of (
      [
        [a, 12],
        [b, 12],
      ] as const
    ).entries())
      await writeFiles(root, {
        'labels.csv': `file,gender\n${rows(n)}\n`,
        ...Object.fromEntries(
          await Promise.all(Array.from({ length: n }, async (_, i) => [`${i}.png`, await picture(900 + 100 * at + i)])),
        ),
      });
    const build = await collectBuild({ from: [a, b], to: `${folder.path}/to`, tasks: ['gender', 'age'], perTask: 6 });
    expect(build.byDataset).toEqual({ Faces: 3, 'Faces 2': 3 });
    expect(build.shortfalls).toEqual([{ task: 'age', asked: 6, made: 0, reason: 'Faces: no ages; Faces 2: no ages' }]);
  });
});

test('an image outside the folder is taken into no benchmark by a symbolic link', async () => {
  await using folder = await temporaryFolder();
  const [faces, elsewhere] = [join(folder.path, 'faces'), join(folder.path, 'private')];
  const names = Array.from({ length: 12 }, (_, i) => `${i}.png`);
  const rows = names.map((name, i) => `${name},${i % 2 ? 'male' : 'female'}`);
  await writeFiles(faces, { 'labels.csv': `file,gender\n${rows.join('\n')}\n` });
  for (const [i, name] of names.entries()) {
    await writeFiles(elsewhere, { [name]: await picture(700 + i) });
    // Of each class, half are links.
    if (i % 4 < 2) await symlink(join(elsewhere, name), join(faces, name));
    else await writeFiles(faces, { [name]: await picture(800 + i) });
  }
  const build = (from: string, to: string) =>
    collectBuild({ from, to: join(folder.path, to), tasks: ['gender'], perTask: 6 });
  const own = await build(faces, 'own');
  const used = readProvenance(join(folder.path, 'own')).flatMap(({ sources }) => sources.map(({ file }) => file));
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter(file => Number.parseInt(file, 10) % 4 < 2)).toEqual([]);
  expect(own.unusable.length).toBeGreaterThan(0);
  for (const { reason } of own.unusable) expect(reason).toContain('.png: a symbolic link leads out of the folder');
  // The folder that the user names may be a link itself.
  await writeFiles(elsewhere, { 'labels.csv': `file,gender\n${rows.join('\n')}\n` });
  await symlink(elsewhere, join(folder.path, 'linked'));
  expect((await build(join(folder.path, 'linked'), 'to')).byDataset).toEqual({ Faces: 6 });
});

describe('tool scenarios', () => {
  const book = {
    tools: [
      { name: 'age', functions: [{ name: 'estimate', purpose: 'Years of a face.' }, { name: 'group' }] },
      { name: 'match', functions: [{ name: 'compare' }, { name: 'search' }] },
    ],
    scenarios: [
      { text: 'Find out how old she is, then who she is.', calls: ['age.estimate', 'match.search'] },
      { text: 'Compare the two, then tell the age group.', calls: ['match.compare', 'age.group'] },
      { text: 'Search for him, then compare the hits.', calls: ['match.search', 'match.compare'] },
      { text: 'Tell the age group, then compare.', calls: ['age.group', 'match.compare'] },
    ],
  };

  test('of a user come before our own', async () => {
    await using folder = await temporaryFolder();
    const from = `${folder.path}/from`;
    await writeFiles(from, { 'tools.json': JSON.stringify(book) });
    const to = `${folder.path}/to`;
    const build = await collectBuild({ from, to, perTask: 4, tasks: ['tools_retrieval'] });
    expect(build).toMatchObject({ questions: 4, images: 0, byDataset: { 'Tool scenarios': 4 } });
    const { questions } = await checkBuilt(to, { from });
    for (const { text, answer, context, options } of questions) {
      const scenario = book.scenarios.find(scenario => text.startsWith(scenario.text));
      expect(answer).toBe(scenario?.calls.join(' → '));
      expect(options.map(option => option.text)).toContain(answer);
      expect(context).toContain('age.estimate');
    }
  });

  test.each([
    ['{', 'not JSON'],
    ['{"tools": []}', '"tools"'],
    [
      JSON.stringify({ ...book, scenarios: [{ text: 'x', calls: ['age.guess', 'match.search'] }] }),
      '"age.guess" is no function of the tools',
    ],
  ])('%s is refused', async (text, message) => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { 'from/tools.json': text });
    await expect(collectBuild({ from: `${folder.path}/from`, to: `${folder.path}/to` })).rejects.toThrow(message);
    expect(readdirSync(folder.path)).toEqual(['from']);
  });
});

describe('what is wrong is said in one line', () => {
  test('options', async () => {
    const to = join(root, 'never');
    await expect(collectBuild({ from: drawn, to, perTask: 0 })).rejects.toThrow(
      '"perTask" expected a whole number ≥ 1, got 0',
    );
    // @ts-expect-error: not a task
    await expect(collectBuild({ from: drawn, to, tasks: ['noses'] })).rejects.toThrow('"tasks" expected some of age');
    await expect(collectBuild({ from: drawn, to, layout: 'x' })).rejects.toThrow('"layout" expected one of drawn');
    await expect(collectBuild({ from: drawn, to: drawn })).rejects.toThrow('has files in it already');
    await expect(collectBuild({ from: join(root, 'nowhere'), to })).rejects.toThrow('nowhere: no such file or folder');
    await expect(collectBuild({ from: drawn, to, masks: join(root, 'nowhere') })).rejects.toThrow(
      'nowhere/regions.json',
    );
    expect(readdirSync(root).filter(name => name.includes('never'))).toEqual([]);
  });

  test('a folder of no known layout, and one whose labels allow nothing', async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, {
      'one/a.png': await picture(1),
      'two/x/a.png': await picture(2),
      'two/y/b.png': await picture(3),
    });
    const to = `${folder.path}/to`;
    await expect(collectBuild({ from: `${folder.path}/one`, to })).rejects.toThrow('no known layout; add labels.csv');
    await expect(collectBuild({ from: `${folder.path}/two`, to, tasks: ['gender', 'hr_fr'] })).rejects.toThrow(
      'gender: Faces: no genders; hr_fr: Faces: only 0 of its people in more than one picture',
    );
  });

  test('a damaged picture is left out and named', async () => {
    await using folder = await temporaryFolder();
    const from = `${folder.path}/from`;
    const names = Array.from({ length: 14 }, (_, i) => `${i}.png`);
    const whole = await Promise.all(names.map((_, i) => picture(700 + i)));
    await writeFiles(from, {
      'labels.csv': `file,gender\n${names.map((name, i) => `${name},${i % 2 ? 'male' : 'female'}`).join('\n')}\nmissing.png,male\n`,
      ...Object.fromEntries(names.map((name, i) => [name, i === 4 ? whole[i]!.subarray(0, 40) : whole[i]!])),
    });
    const to = `${folder.path}/to`;
    const build = await collectBuild({ from, to, tasks: ['gender'], perTask: 12 });
    expect(build.questions).toBe(12);
    expect(build.unusable).toEqual([{ file: 'Faces: 4.png', reason: expect.stringContaining('4.png') }]);
    await checkBuilt(to, { from });
  });

  test('an interruption leaves nothing behind', async () => {
    const abort = new AbortController();
    const to = join(root, 'interrupted');
    const build = async (): Promise<void> => {
      for await (const event of buildBenchmark({ from: drawn, to, perTask: 5, signal: abort.signal }))
        if (event.type === 'progress' && event.done === 7) abort.abort();
    };
    await expect(build()).rejects.toMatchObject({ code: 'interrupted' });
    expect(readdirSync(root).filter(name => name.startsWith('interrupted'))).toEqual([]);
  });
});
