import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Question } from '../../src/ground/contracts/bench.ts';
import { openBenchmark } from '../../src/jobs/bench/read/benchmark.ts';
import { writeQuestionLines } from '../../src/jobs/bench/read/jsonl.ts';
import type { ReadProblem } from '../../src/jobs/bench/read/problem.ts';
import { header, picture, temporaryFolder, writeFiles, writeOfficial, writeTraps } from './official-folder.ts';

const all = async (path: string): Promise<Question[]> => Array.fromAsync((await openBenchmark(path)).questions());
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

describe('official folders', () => {
  test('every trap is read and no question is lost', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const questions = await all(folder.path);
    expect(questions.map(question => question.id)).toEqual([
      'biwi_single_mcq/1',
      'celeba_multiple_mcq/1',
      'imdb_multiple_mcq/1',
      'jhucrowd_single_mcq_range_val/1',
      'rafdb_single_mcq_train/1',
      'tools_retrieval/1',
      'wmca_multiple_mcq/1',
      'wmca_single_mcq/1',
      'wmca_single_mcq/2',
    ]);
    const byId = new Map(questions.map(question => [question.id, question]));
    expect(byId.get('biwi_single_mcq/1')).toMatchObject({
      category: 'face_localization',
      task: 'headpose',
      dataset: 'BIWI',
      imageCount: 'single',
      options: [
        { label: 'A', text: '-10' },
        { label: 'B', text: '0' },
        { label: 'C', text: '10' },
        { label: 'D', text: '20' },
      ],
      correct: 'B',
      answer: '0',
    });
    expect(byId.get('jhucrowd_single_mcq_range_val/1')).toMatchObject({
      dataset: 'JHUCrowd++',
      answer: '24',
      correct: 'A',
    });
    expect(byId.get('wmca_single_mcq/1')?.options).toHaveLength(2);
    expect(byId.get('tools_retrieval/1')).toMatchObject({
      dataset: 'FaceXAPI',
      imageCount: 'zero',
      context: 'Ignore the black picture.\n1. Age: api_1',
    });
  });

  test('finds pictures behind prefixes, backslashes and paths of the source set, and says which are missing', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const files = (await all(folder.path)).map(({ id, images }) => [id, images.map(image => image.file)]);
    expect(Object.fromEntries(files)).toMatchObject({
      'imdb_multiple_mcq/1': ['images/imdb_multiple_mcq/question_1_1.png', 'images/imdb_multiple_mcq/question_1_2.png'],
      'wmca_single_mcq/1': ['images/wmca_single_mcq/question_1.png'],
      'wmca_single_mcq/2': [null],
      'wmca_multiple_mcq/1': ['images/wmca_multiple_mcq/question_1_1.png', 'images/wmca_multiple_mcq/question_1_2.png'],
      // The second is not there: the first must not stand in for it.
      'celeba_multiple_mcq/1': ['images/celeba_multiple_mcq/question_1_1.png', null],
      'tools_retrieval/1': ['images/tools_retrieval/question_1.png'],
    });
  });

  test('loads a picture when asked, and names the one that is missing', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const benchmark = await openBenchmark(folder.path);
    const questions = await Array.fromAsync(benchmark.questions());
    expect(await benchmark.images.load(questions[0]!.images[0]!)).toEqual(Buffer.from(await picture(0)));
    const missing = questions.find(question => question.id === 'wmca_single_mcq/2')!.images[0]!;
    await expect(benchmark.images.load(missing)).rejects.toThrow(
      'data/WMCA/RGB/021_01_000_0_00/Frame_20.png: no such image',
    );
  });

  test('opens the repository, its benchmark folder, or one file', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(join(folder.path, 'benchmark'));
    expect(await all(folder.path)).toHaveLength(9);
    expect(await all(join(folder.path, 'benchmark'))).toHaveLength(9);
    expect(await all(join(folder.path, 'benchmark', 'wmca_single_mcq.json'))).toHaveLength(2);
  });

  test('never follows a path out of the folder', async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { 'secret.png': await picture(1), 'b/images/x/question_9.png': await picture(2) });
    await writeOfficial(join(folder.path, 'b'), [
      {
        stem: 'x',
        header: header('bias_fairness', 'age', 'x', 'single'),
        questions: Object.fromEntries(
          ['../secret.png', join(folder.path, 'secret.png'), 'images/../../secret.png'].map((path, i) => [
            i + 1,
            { image_paths: [path], question_text: '?', options: ['a', 'b'], correct_answer_option: 'A' },
          ]),
        ),
      },
    ]);
    const benchmark = await openBenchmark(join(folder.path, 'b'));
    const questions = await Array.fromAsync(benchmark.questions());
    expect(questions.flatMap(question => question.images.map(image => image.file))).toEqual([null, null, null]);
    await expect(benchmark.images.load({ path: 'p', file: '../secret.png' })).rejects.toThrow(/outside/);
  });

  test('never follows a symbolic link out of the folder, whatever names it', async () => {
    await using folder = await temporaryFolder();
    const bench = join(folder.path, 'b');
    await writeFiles(folder.path, {
      'secret/question_1.png': await picture(1),
      'b/images/y/own.png': await picture(2),
    });
    await symlink(join(folder.path, 'secret'), join(bench, 'images', 'x'));
    await symlink(join(folder.path, 'secret', 'question_1.png'), join(bench, 'images', 'y', 'question_2.png'));
    await symlink('own.png', join(bench, 'images', 'y', 'question_3.png'));
    await symlink('question_4.png', join(bench, 'images', 'y', 'question_4.png'));
    const refs = ['x/question_1', 'y/question_2', 'y/question_3', 'y/question_4'].map(name => `images/${name}.png`);
    const question = (path: string) => ({
      image_paths: [path],
      question_text: '?',
      options: ['a', 'b'],
      correct_answer_option: 'A',
    });
    await writeOfficial(bench, [
      {
        stem: 'q',
        header: header('bias_fairness', 'age', 'x', 'single'),
        questions: Object.fromEntries(refs.map((path, i) => [i + 1, question(path)])),
      },
    ]);
    for (const path of [bench, join(bench, 'q.json')]) {
      const { images } = await openBenchmark(path);
      for (const file of refs.slice(0, 2)) {
        const load = images.load({ path: file, file });
        await expect(load).rejects.toThrow(`${file}: a symbolic link leads out of the benchmark's folder`);
      }
      expect(await images.load({ path: 'p', file: refs[2]! })).toEqual(Buffer.from(await picture(2)));
      await expect(images.load({ path: 'p', file: refs[3]! })).rejects.toThrow('leads back to itself');
      await expect(images.load({ path: 'p', file: 'images' })).rejects.toThrow('images: a folder, not a file');
    }
    // The folder itself may be a link: that is where the user points.
    await symlink(bench, join(folder.path, 'linked'));
    const linked = await openBenchmark(join(folder.path, 'linked'));
    expect(await linked.images.load({ path: 'p', file: refs[2]! })).toHaveLength((await picture(2)).length);
    // A Parquet file outside is no way around either.
    await symlink(resolve(import.meta.dirname, 'fixtures/questions-snappy.parquet'), join(bench, 'data.parquet'));
    const cell = { column: 'images', row: 0, index: 0 };
    await expect(linked.images.load({ path: 'p', file: 'data.parquet', cell })).rejects.toThrow('leads out of');
  });

  test.skipIf(process.platform === 'win32')('a pipe is not waited for (no pipes on Windows)', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    for (const name of ['pipe.png', 'pipe.json', 'pipe.jsonl', 'pipe.parquet'])
      execFileSync('mkfifo', [join(folder.path, name)]);
    const { images } = await openBenchmark(join(folder.path, 'wmca_single_mcq.json'));
    await expect(images.load({ path: 'p', file: 'pipe.png' })).rejects.toThrow('pipe.png: not a plain file');
    for (const name of ['pipe.json', 'pipe.jsonl', 'pipe.parquet'])
      await expect(all(join(folder.path, name))).rejects.toThrow(`${name}: not a plain file`);
    await expect(all(folder.path)).rejects.toThrow('pipe.json: not a plain file');
  });

  test('deep nesting and endless parts are told, by the file and the question', async () => {
    await using folder = await temporaryFolder();
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const good = { ...header('bias_fairness', 'age', 'x', 'zero'), questions: {} };
    await writeFile(join(folder.path, 'deep.json'), `{"questions":${deep}}`);
    await expect(all(join(folder.path, 'deep.json'))).rejects.toThrow('deep.json: nested deeper than 64 levels');
    await writeFile(join(folder.path, 'deep.jsonl'), `\n${'['.repeat(100_000)}`);
    await expect(all(join(folder.path, 'deep.jsonl'))).rejects.toThrow('deep.jsonl:2: nested deeper than 64 levels');
    await writeFile(join(folder.path, 'long.jsonl'), `\n{"text":"${'x'.repeat(17 * 2 ** 20)}"}\n`);
    await expect(all(join(folder.path, 'long.jsonl'))).rejects.toThrow('long.jsonl:2: longer than 16,777,216 bytes');
    const question = { question_text: '?', options: ['a', 'b'], correct_answer_option: 'A' };
    for (const [more, words] of [
      [{ question_text: 'x'.repeat(50_001) }, '"text" has 50,001'],
      [{ options: ['a', 'y'.repeat(6000)] }, 'option B has 6,000'],
      [{ image_paths: Array(300).fill('p.png') }, '"images" has 300'],
    ] as const) {
      const file = { ...good, questions: { 1: { ...question, ...more } } };
      await writeFile(join(folder.path, 'large.json'), JSON.stringify(file));
      await expect(all(join(folder.path, 'large.json'))).rejects.toThrow(`question "large/1": ${words}`);
    }
  });

  test('keeps the digits of numbers as written', async () => {
    await using folder = await temporaryFolder();
    const file = JSON.stringify({
      ...header('bias_fairness', 'age', 'x', 'zero'),
      questions: { 1: { question_text: '?', options: ['ONE', 'BIG', 3], correct_answer_option: 'A', answer: null } },
    });
    await writeFile(join(folder.path, 'x.json'), file.replace('"ONE"', '1.0').replace('"BIG"', '12345678901234567890'));
    expect((await all(folder.path))[0]?.options.map(option => option.text)).toEqual([
      '1.0',
      '12345678901234567890',
      '3',
    ]);
  });

  const broken: readonly (readonly [what: string, question: Record<string, unknown>, message: string])[] = [
    ['a key that is no label', { correct_answer_option: 'E' }, 'x.json: question 2: "correct_answer_option": is "E"'],
    ['one option', { options: ['a'] }, 'x.json: question 2: "options"'],
    ['no text', { question_text: undefined }, 'x.json: question 2: "question_text"'],
    ['an object for an option', { options: ['a', {}] }, 'x.json: question 2: "options.1"'],
  ];
  test.each(broken)('%s is an error that names file, question and field', async (_, wrong, message) => {
    await using folder = await temporaryFolder();
    const fine = { question_text: '?', options: ['a', 'b'], correct_answer_option: 'A', answer: 'a' };
    await writeOfficial(folder.path, [
      {
        stem: 'x',
        header: header('bias_fairness', 'age', 'x', 'zero'),
        questions: { 1: fine, 2: { ...fine, ...wrong }, 3: fine },
      },
    ]);
    await expect(all(folder.path)).rejects.toThrow(message);
    const problems: ReadProblem[] = [];
    const benchmark = await openBenchmark(folder.path);
    const rest = await Array.fromAsync(benchmark.questions({ onProblem: problem => problems.push(problem) }));
    expect(rest.map(question => question.id)).toEqual(['x/1', 'x/3']);
    expect(problems.map(problem => problem.where)).toEqual(['x/2']);
  });

  test('a header without a category, and JSON that is cut off, are named', async () => {
    await using folder = await temporaryFolder();
    await writeOfficial(folder.path, [{ stem: 'x', header: { num_images: 'zero' }, questions: {} }]);
    await expect(all(folder.path)).rejects.toThrow('x.json: "category"');
    await writeFile(join(folder.path, 'x.json'), '{"questions": {');
    await expect(all(folder.path)).rejects.toThrow('x.json: not JSON');
  });

  test('a folder without questions, and a path that is not there, are named', async () => {
    await using folder = await temporaryFolder();
    await expect(openBenchmark(folder.path)).rejects.toThrow('no questions here');
    await expect(openBenchmark(join(folder.path, 'nowhere'))).rejects.toThrow('nowhere');
  });

  test('pictures may be linked from elsewhere', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'b'));
    await writeTraps(join(folder.path, 'a'));
    await symlink(join(folder.path, 'a/images'), join(folder.path, 'b/images'));
    await writeFiles(join(folder.path, 'b'), {});
    await writeOfficial(join(folder.path, 'b'), [
      {
        stem: 'biwi_single_mcq',
        header: header('face_localization', 'headpose', 'biwi', 'single'),
        questions: {
          1: {
            image_paths: ['images/biwi_single_mcq/question_1.png'],
            question_text: '?',
            options: ['a', 'b'],
            correct_answer_option: 'A',
          },
        },
      },
    ]);
    expect((await all(join(folder.path, 'b')))[0]?.images[0]?.file).toBe('images/biwi_single_mcq/question_1.png');
  });
});

// The Parquet files hold the three questions below, images as bytes, in row groups of two; written by pyarrow's
// `pq.write_table(table, name, row_group_size=2, compression='snappy' | 'zstd')`.
describe('Parquet', () => {
  const bytesOf = (i: number): Buffer =>
    Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(`fake-${i}`)]);

  test.each(['snappy', 'zstd'])('reads questions and pictures, %s', async codec => {
    const benchmark = await openBenchmark(fixture(`questions-${codec}.parquet`));
    const questions = await Array.fromAsync(benchmark.questions());
    expect(questions.map(({ id, task, dataset, imageCount }) => [id, task, dataset, imageCount])).toEqual([
      ['biwi_single_mcq/1', 'headpose', 'BIWI', 'single'],
      ['biwi_single_mcq/2', 'headpose', 'BIWI', 'single'],
      ['lfw_multiple_mcq/1', 'hr_fr', 'LFW', 'multiple'],
    ]);
    expect(questions[2]).toMatchObject({ correct: 'D', answer: 'None', prepend: 'Pose.', postpend: 'Letter only.' });
    const refs = questions.flatMap(question => question.images);
    expect(await Promise.all(refs.map(ref => benchmark.images.load(ref)))).toEqual(
      [1, 2, 3, 4, 5].map(i => new Uint8Array(bytesOf(i))),
    );
  });

  test('knows other names of the columns, options as JSON and one picture a row', async () => {
    const benchmark = await openBenchmark(fixture('questions-other-names.parquet'));
    const questions = await Array.fromAsync(benchmark.questions());
    expect(questions).toMatchObject([
      {
        id: 'questions-other-names/7',
        category: 'bias_fairness',
        task: 'age',
        correct: 'C',
        answer: '3',
        options: [{ text: '1' }, { text: '2' }, { text: '3' }],
        imageCount: 'single',
      },
      { id: 'questions-other-names/8', correct: 'B', answer: null, images: [], imageCount: 'zero' },
    ]);
    expect(await benchmark.images.load(questions[0]!.images[0]!)).toEqual(new Uint8Array(bytesOf(9)));
  });

  test('a file that is not Parquet is named', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'x.parquet'), 'PAR1 no');
    await expect(all(folder.path)).rejects.toThrow('x.parquet: not a Parquet file');
  });
});

describe('questions in JSONL', () => {
  test('come back as they were written', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const questions = await all(folder.path);
    const path = join(folder.path, 'copy', 'questions.jsonl');
    expect(await writeQuestionLines(path, questions)).toBe(9);
    expect(await all(path)).toEqual(questions);
  });

  test('lines beside official files are not taken for questions, unless they are called so', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    await writeFiles(folder.path, { 'results.jsonl': '{"any":"thing"}\n' });
    const questions = await all(folder.path);
    expect(questions).toHaveLength(9);
    await writeQuestionLines(join(folder.path, 'questions.jsonl'), questions.slice(0, 2));
    expect(await all(folder.path)).toHaveLength(2);
  });

  test('a wrong line is named by number and field', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const path = join(folder.path, 'copy', 'questions.jsonl');
    const [first] = await all(folder.path);
    await writeFiles(folder.path, {
      'copy/questions.jsonl': `${JSON.stringify(first)}\n\n${JSON.stringify({ ...first, id: 'y', correct: 'Z' })}\n`,
    });
    await expect(all(path)).rejects.toThrow('questions.jsonl:3: "correct"');
  });

  test('an id that is there twice is an error', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const [first] = await all(folder.path);
    await writeFiles(folder.path, { 'q.jsonl': `${JSON.stringify(first)}\n${JSON.stringify(first)}\n` });
    await expect(all(join(folder.path, 'q.jsonl'))).rejects.toThrow('"biwi_single_mcq/1" is there twice');
  });

  test('a picture outside any Parquet row is named', async () => {
    const benchmark = await openBenchmark(fixture('questions-snappy.parquet'));
    const ref = { path: 'x', file: 'questions-snappy.parquet', cell: { column: 'images', row: 99, index: 0 } };
    await expect(benchmark.images.load(ref)).rejects.toThrow('no row 99');
  });
});
