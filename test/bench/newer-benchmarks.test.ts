import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Question } from '../../src/ground/contracts/bench.ts';
import { benchRun, fetchBenchmark, openBenchmark } from '../../src/jobs/bench/index.ts';
import { makeHub } from '../hub/mock-hub.ts';

let root: string;
let picture: Buffer;
beforeAll(async () => {
  picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#a06040' } })
    .jpeg()
    .toBuffer();
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'biolens-newer-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

async function read(path: string) {
  const [problems, leftOut]: [string[], string[]] = [[], []];
  const benchmark = await openBenchmark(path);
  const questions = await Array.fromAsync(
    benchmark.questions({
      onProblem: ({ message }) => void problems.push(message),
      onLeftOut: kind => void leftOut.push(kind),
    }),
  );
  return { benchmark, questions, problems, leftOut };
}

/** An entry as the files of Face-Human-Bench have it; the labels and paths of its sources are left out. */
const entry = (more: { type?: string; QA?: object; views?: Record<string, string> } = {}) => ({
  type: more.type ?? 'face_age_basic_10',
  QA: { question: 'Which age fits?', options: ['20', '30', '40', '50'], answer: 0, ...more.QA },
  image: {
    image_paths: more.views ?? {
      cropped: 'eval_data/face/age/cropped/sample_0007.jpg',
      original: 'eval_data/face/age/original/sample_0007.jpg',
    },
    source: { dataset: 'UTKFace', paths: { original: 'raw_data/x.jpg' }, labels: { age: 20 } },
  },
});
const file = (...data: unknown[]): string => JSON.stringify({ data });
const rightOf = ({ options, correct }: Question): string | undefined =>
  options.find(({ label }) => label === correct)?.text;

describe('Face-Human-Bench', () => {
  test('a question for every view that its evaluation asks about, with the images beside or above', async () => {
    write('test/json/en/face_age_basic_10.json', file(entry(), entry({ QA: { answer: 2 } })));
    write('eval_data/face/age/cropped/sample_0007.jpg', picture);
    for (const path of [join(root, 'test/json/en'), root, join(root, 'test/json/en/face_age_basic_10.json')]) {
      const { benchmark, questions, problems } = await read(path);
      expect(benchmark).toMatchObject({
        format: 'face-human-bench',
        root,
        files: ['test/json/en/face_age_basic_10.json'],
      });
      expect(problems).toEqual([]);
      expect(questions.map(({ id }) => id)).toEqual([
        'face_age_basic_10/1/original',
        'face_age_basic_10/1/cropped',
        'face_age_basic_10/2/original',
        'face_age_basic_10/2/cropped',
      ]);
      expect(questions.map(rightOf)).toEqual(['20', '20', '40', '40']);
      expect(questions[1]).toMatchObject({
        category: 'face',
        task: 'face_age_basic_10',
        dataset: 'UTKFace',
        answer: '20',
      });
      expect(questions[1]?.images).toEqual([
        { path: 'eval_data/face/age/cropped/sample_0007.jpg', file: 'eval_data/face/age/cropped/sample_0007.jpg' },
      ]);
      expect(questions[0]?.images[0]?.file, 'not made yet').toBeNull();
      expect(await benchmark.images.load(questions[1]!.images[0]!)).toEqual(picture);
    }
  });

  test('the right option stands in every place, as the files name the first one often', async () => {
    write('face_age_basic_10.json', file(...Array.from({ length: 60 }, () => entry())));
    const { questions } = await read(root);
    const letters = Map.groupBy(questions, ({ correct }) => correct);
    expect([...letters.keys()].sort()).toEqual(['A', 'B', 'C', 'D']);
    // 120 draws of four: each letter 30 on average, standard deviation 4.7.
    for (const [letter, of] of letters) expect(of.length, letter).toBeGreaterThan(12);
    expect(questions.every(question => rightOf(question) === '20')).toBe(true);
  });

  test('Chinese files are asked in Chinese', async () => {
    write('face_age_basic_10_zh.json', file(entry()));
    const { questions } = await read(root);
    expect(questions[0]?.postpend).toContain('只回答');
  });

  test('two sets below one folder are not mixed', async () => {
    write('dev/json/en/face_age_basic_10.json', file(entry()));
    write('test/json/zh/face_age_basic_10_zh.json', file(entry()));
    await expect(openBenchmark(root)).rejects.toThrow('give one of the folders dev/json/en, test/json/zh');
  });

  test.each([
    [{ type: 'face_new_task' }, '"type": "face_new_task" is no task of Face-Human-Bench as it was published'],
    [{ QA: { answer: 4 } }, '"answer": 4 is no position in 4 options'],
    [{ QA: { answer: -1 } }, '"QA.answer"'],
    [{ QA: { options: ['one'] } }, '"QA.options"'],
    [{ views: { cropped: 'eval_data/x.jpg' } }, '"image_paths" has no "original"'],
  ])('%j is told, and not guessed', async (more, message) => {
    write('face_age_basic_10.json', file(entry(), entry(more)));
    const { questions, problems } = await read(root);
    expect(problems.join()).toContain(`face_age_basic_10.json: question 2: ${message}`);
    expect(questions.filter(({ id }) => id.includes('/1/'))).toHaveLength(2);
    await expect(Array.fromAsync((await openBenchmark(root)).questions())).rejects.toThrow(message);
  });

  test('no path leads out of its images', async () => {
    write('secret.jpg', picture);
    write('b/eval_data/a.jpg', picture);
    write('b/private.jpg', picture);
    symlinkSync(join(root, 'secret.jpg'), join(root, 'b/eval_data/link.jpg'));
    const views = [
      'eval_data/../../secret.jpg',
      'eval_data/../private.jpg',
      '../secret.jpg',
      join(root, 'secret.jpg'),
      'face_age_basic_10.json',
      'eval_data/link.jpg',
    ];
    write(
      'b/face_attack_physical_paper.json',
      file(...views.map(cropped => entry({ type: 'face_attack_physical_paper', views: { cropped } }))),
    );
    const { benchmark, questions } = await read(join(root, 'b'));
    expect(questions).toHaveLength(views.length);
    for (const { images } of questions)
      await expect(benchmark.images.load(images[0]!)).rejects.toThrow(/no such image|leads out/);
  });
});

const line = (more: object = {}): string =>
  JSON.stringify({
    question_id: 'beard_q2',
    question_type: 'SCQ',
    image_id: 'test-1.jpg',
    text: 'How dense is the beard?',
    instruction: 'Please select the most appropriate option.',
    options: ['Dense', 'Sparse', 'Medium dense'],
    conditions: { 'option Y': [], 'option N': [] },
    gt_answer: 'Sparse',
    metadata: { image_source: 'CelebA-HQ', view: 'Appearance', attribute_level: 'level 3' },
    ...more,
  });

describe('FaceBench', () => {
  test('questions with one right option are asked, the others are counted by kind', async () => {
    write(
      'test.jsonl',
      [
        line(),
        line({ question_id: 'beard_q0', question_type: 'TFQ', options: ['Yes', 'No'], gt_answer: 'Yes' }),
        line({ question_id: 'beard_q1', question_type: 'OEQ', options: [], gt_answer: 'Black' }),
        line({ question_id: 'beard_q3', question_type: 'MCQ', gt_answer: ['Dense', 'Sparse'] }),
        line({
          question_id: 'beard_q1',
          image_id: 'test-2.jpg',
          question_type: 'OEQ',
          options: [],
          gt_answer: 'Black',
        }),
      ].join('\n'),
    );
    write('images/test-1.jpg', picture);
    const { benchmark, questions, problems, leftOut } = await read(root);
    expect(benchmark.format).toBe('facebench');
    expect(problems).toEqual([]);
    expect(questions.map(({ id, correct, task, category, dataset }) => [id, correct, task, category, dataset])).toEqual(
      [
        ['test-1.jpg/beard_q2', 'B', 'beard', 'Appearance', 'CelebA-HQ'],
        ['test-1.jpg/beard_q0', 'A', 'beard', 'Appearance', 'CelebA-HQ'],
      ],
    );
    expect(questions[0]?.images).toEqual([{ path: 'test-1.jpg', file: 'images/test-1.jpg' }]);
    expect(questions[0]?.postpend).toBe(
      'Please select the most appropriate option. Answer with the letter of the option only.',
    );
    expect(leftOut.sort()).toEqual([
      'open questions without options (OEQ)',
      'open questions without options (OEQ)',
      'questions with several right options (MCQ)',
    ]);
  });

  test.each([
    [{ gt_answer: 'Thick' }, '"gt_answer" is none of the options'],
    [{ gt_answer: ['Dense'] }, '"gt_answer" is none of the options'],
    [{ question_type: 'XYZ' }, '"question_type": "XYZ" is none of TFQ, SCQ, MCQ, OEQ'],
    [{ options: 'Dense' }, '"options"'],
  ])('%j is told, and not guessed', async (more, message) => {
    write('test.jsonl', [line(), line({ question_id: 'nose_q0', ...more })].join('\n'));
    const { questions, problems } = await read(root);
    expect(questions).toHaveLength(1);
    expect(problems.join()).toContain(`test.jsonl:2: ${message}`);
  });

  test('no name of an image leads out of the folder', async () => {
    write('secret.jpg', picture);
    const names = ['../secret.jpg', join(root, 'secret.jpg'), 'images/../../secret.jpg', 'test.jsonl/../../secret.jpg'];
    write('b/test.jsonl', names.map((image_id, i) => line({ image_id, question_id: `a_q${i}` })).join('\n'));
    const { questions } = await read(join(root, 'b'));
    expect(questions.map(({ images }) => images[0]?.file)).toEqual(names.map(() => null));
  });

  test('a run says what it leaves out', async () => {
    write(
      'test.jsonl',
      [line(), line({ question_id: 'a_q1', question_type: 'OEQ', options: [], gt_answer: 'x' })].join('\n'),
    );
    write('test-1.jpg', picture);
    const told: string[] = [];
    const run = benchRun(
      { from: join(root, 'test.jsonl'), model: 'random', lint: false },
      { runsDir: join(root, 'runs') },
    );
    for await (const event of run) {
      if (event.type === 'warning') told.push(event.message);
      if (event.type === 'result') expect(event.report.benchmark.format).toBe('facebench');
    }
    expect(told).toEqual(['1 open questions without options (OEQ) are left out']);
  });
});

describe('fetched from a hub', () => {
  test('a data set is copied and read, and what is not there is counted', async () => {
    const hub = makeHub({
      files: {
        'README.md': '# x',
        'test.jsonl': `${line()}\n${line({ question_id: 'a_q1', question_type: 'OEQ', options: [], gt_answer: 'x' })}\n`,
        'images.zip': 'PK',
      },
    });
    const notes: string[] = [];
    const to = join(root, 'copy');
    for await (const event of fetchBenchmark({ from: 'hf:owner/name', to, fetch: hub.fetch, environment: {} })) {
      if (event.type === 'note') notes.push(event.text);
      if (event.type === 'result')
        expect(event.result).toMatchObject({
          schema: 'biolens/bench-fetch@1',
          folder: to,
          format: 'facebench',
          files: 2,
          questions: 1,
          leftOut: { 'open questions without options (OEQ)': 1 },
          unreadable: { questions: 0, first: null },
          missingImages: 1,
        });
    }
    expect(notes.at(-1)).toBe('not taken: images.zip; --only takes one, to be unpacked by hand');
  });

  test('files of no known layout are refused in words, and kept', async () => {
    const hub = makeHub({ files: { 'a.json': '{"x":1}' } });
    const events = fetchBenchmark({ from: 'hf:owner/name', to: join(root, 'copy'), fetch: hub.fetch, environment: {} });
    await expect(Array.fromAsync(events)).rejects.toThrow('the files are there, and cannot be read as a benchmark');
  });
});
