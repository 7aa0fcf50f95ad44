import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Question } from '../../src/ground/contracts/bench.ts';
import type { LintReport } from '../../src/ground/contracts/bench-report.ts';
import { type Finding, flaggedQuestions, LINT_RULES, lintBenchmark } from '../../src/jobs/bench/index.ts';
import type { Benchmark } from '../../src/jobs/bench/read/benchmark.ts';
import { openBenchmark } from '../../src/jobs/bench/read/benchmark.ts';
import { encodeJpeg, encodePng, resizeImage } from '../../src/kit/images/index.ts';
import { drawing, header, picture, temporaryFolder, writeFiles, writeOfficial, writeTraps } from './official-folder.ts';
import { inMemory, makeQuestion, type QuestionParts } from './questions.ts';

async function report(benchmark: Benchmark, pictures = false): Promise<LintReport> {
  for await (const event of lintBenchmark(benchmark, { pictures })) if (event.type === 'report') return event.report;
  throw new Error('no report');
}

const lint = async (questions: readonly Question[]): Promise<readonly Finding[]> =>
  (await report(inMemory(questions))).findings;

const two = ['a/1.png', 'a/2.png'];
const five = ['a/1.png', 'a/2.png', 'a/3.png', 'a/4.png', 'a/5.png'];
const bins =
  'For this task, we define the following age groups: 0-2, 3-9, 10-19, 20-29, 30-39, and more than 70 years. Do it.';

/** A question that a rule must find, and one like it that it must not. */
const CASES: readonly (readonly [rule: string, bad: QuestionParts, good: QuestionParts])[] = [
  // The released files: calfw 59, cplfw 60.
  [
    'equivalent-options',
    { paths: five, options: ['Images 2 and 5', 'Images 5 and 2', 'Images 1 and 3', 'Images 3 and 4'] },
    { paths: five, options: ['Images 2 and 5', 'Images 5 and 1', 'Images 1 and 3', 'Images 3 and 4'] },
  ],
  [
    'equivalent-options',
    { paths: two, options: ['All of the images', 'Image 1, Image 2', 'Image 2', 'None'] },
    { paths: two, options: ['All of the images', 'Image 1', 'Image 2', 'None'] },
  ],
  [
    'near-duplicate-options',
    { options: ['Flexible Mask', 'Flexible Msk', 'Rigid Eyeglasses', 'Rigid Eyeglases'] },
    { options: ['Image 1', 'Image 2', 'Image 3', 'Image 12'] },
  ],
  [
    'near-duplicate-options',
    { options: ['Chris Weitzer', 'Chris Weizer', 'x', 'y'] },
    { options: ['Print', 'Paint', 'api_1-detect_a', 'api_1-detect_b'] },
  ],
  [
    'overlapping-ranges',
    { options: ['20-30', '25-35', '40-49', '50-59'] },
    { options: ['20-30', '30-40', '40-50', '50-60'] },
  ],
  // The released files: utkface bins.
  [
    'option-not-in-description',
    { prepend: bins, options: ['50-60', '20-29', '30-39', '10-19'] },
    { prepend: bins, options: ['3-9', '20-29', 'more than 70', 'None of the above'] },
  ],
  [
    'option-not-in-description',
    {
      prepend: "Attack types are 'Print,' 'Replay,' 'Wig,' and 'Paper Mask.' Decide.",
      options: ['Print', 'Puppet', 'Wig', 'None'],
    },
    {
      prepend: "Attack types are 'Print,' 'Replay,' 'Wig,' and 'Paper Mask.' Decide.",
      options: ['Print', 'Replay', 'Wig', 'None'],
    },
  ],
  [
    'padded-yes-no',
    { options: ['Yes', 'No', 'Image 1', 'Print'] },
    { options: ['Yes', 'No', 'Cannot tell', 'Yes, but only one'] },
  ],
  ['empty-text', { options: ['a', ' ', 'c', 'd'] }, {}],
  [
    'instruction-letters',
    { postpend: 'Reply with one letter, e.g., A, B, C, D.', options: ['Yes', 'No'] },
    { postpend: 'Reply with one letter, e.g., A, B, C, D.' },
  ],
  [
    'answer-mismatch',
    { options: ['1', '2', '3', '4'], correct: 'B', answer: '3' },
    { options: ['1', '2', '3', '4'], correct: 'B', answer: '2' },
  ],
  [
    'answer-mismatch',
    { options: ['22 to 26', '27 to 31', '32 to 36', '37 to 41'], correct: 'B', answer: '24' },
    { options: ['22 to 26', '27 to 31', '32 to 36', '37 to 41'], correct: 'A', answer: '24' },
  ],
  [
    'answer-in-no-option',
    { options: ['1', '2', '3', '4'], answer: '9' },
    { options: ['1', '2', '3', '4'], answer: null },
  ],
  [
    'suspicious-key',
    {
      text: 'Which images show people of the same race?',
      paths: five,
      options: ['Image 2', 'Image 1 and Image 3', 'All', 'None'],
    },
    {
      text: 'Which images show the same person as the first image?',
      paths: five,
      options: ['Image 2', 'Image 3', 'Image 4', 'Image 5'],
    },
  ],
  [
    'suspicious-key',
    { text: 'Who is the oldest person?', paths: two, options: ['None of the above', 'Image 1', 'Image 2', 'x'] },
    { text: 'Who is the oldest person?', paths: two, options: ['Image 1', 'None of the above', 'Image 2', 'x'] },
  ],
  [
    'suspicious-key',
    { text: 'How many images show X?', paths: two, options: ['3', '1', '2', '0'] },
    { text: 'How many images show X?', paths: two, options: ['2', '1', '3', '0'] },
  ],
  [
    'missing-image-number',
    { paths: two, options: ['Image 1', 'Image 3', 'x', 'y'] },
    { paths: two, options: ['Image 1', 'Image 2', 'x', 'y'] },
  ],
  [
    'answer-in-question',
    { text: 'Which attack is it, a rigid mask perhaps?', options: ['Rigid Mask', 'Print', 'Replay', 'Wig'] },
    { text: 'Is it a rigid mask or a print?', options: ['Rigid Mask', 'Print', 'Replay', 'Wig'] },
  ],
  [
    'answer-in-file-name',
    { paths: ['images/bonafide/12.png'], options: ['Bonafide', 'Attack', 'x', 'y'] },
    { paths: ['images/bonafide_or_attack/12.png'], options: ['Bonafide', 'Attack', 'x', 'y'] },
  ],
  ['image-count-mismatch', { imageCount: 'multiple', paths: ['a.png'] }, { imageCount: 'multiple', paths: two }],
  ['repeated-image', { paths: ['a.png', 'b.png', 'a.png'] }, { paths: ['a.png', 'b.png'] }],
  ['missing-image', { imageCount: 'single', images: [{ path: 'a.png', file: null }] }, { paths: ['a.png'] }],
  [
    'redirected-path',
    { imageCount: 'single', images: [{ path: 'data/a.png', file: 'images/f/question_1.png' }] },
    { paths: ['images/f/question_1.png'] },
  ],
  ['broken-characters', { text: 'Which beautÃ© is it?' }, { text: 'Which beauté is it?' }],
  ['training-split', { id: 'rafdb_single_mcq_train/1' }, { id: 'trainset/1' }],
];

describe('lint rules', () => {
  test.each(CASES.map(([rule, bad, good]) => [rule, bad, good] as const))('%s: %j', async (rule, bad, good) => {
    expect((await lint([makeQuestion(bad)])).map(finding => finding.rule)).toContain(rule);
    expect((await lint([makeQuestion(good)])).map(finding => finding.rule)).not.toContain(rule);
  });

  test('ids are different, and every rule says why it matters', () => {
    expect(new Set(LINT_RULES.map(rule => rule.id)).size).toBe(LINT_RULES.length);
    for (const rule of LINT_RULES) expect(rule.explanation.length, rule.id).toBeGreaterThan(30);
  });

  test('duplicates and keys that conflict', async () => {
    const same = { text: 'How old?', paths: ['a.png'], options: ['20-29', '30-39', '40-49', '50-59'] };
    const findings = await lint([
      makeQuestion({ ...same, id: 'f/1', correct: 'A' }),
      makeQuestion({ ...same, id: 'f/2', correct: 'A' }),
      makeQuestion({ ...same, id: 'f/3', correct: 'B' }),
      makeQuestion({ ...same, id: 'f/4', correct: 'A', paths: ['b.png'] }),
    ]);
    const by = (rule: string): string[] =>
      findings.filter(finding => finding.rule === rule).map(({ question }) => question);
    expect(by('duplicate-question')).toEqual(['f/2']);
    expect(by('conflicting-keys')).toEqual(['f/1', 'f/2', 'f/3']);
    expect(by('shared-image')).toEqual(['f/1', 'f/2', 'f/3']);
  });

  // The released files: celeba, "how many attributes".
  test('ascending numbers with the key always second', async () => {
    const ask = (stem: string, key: (i: number) => string): Question[] =>
      Array.from({ length: 12 }, (_, i) =>
        makeQuestion({
          id: `${stem}/${i + 1}`,
          text: `How many of these ${i} attributes?`,
          options: [1, 2, 3, 9 + i].map(String),
          correct: key(i),
        }),
      );
    const findings = await lint([...ask('bad', () => 'B'), ...ask('good', i => 'ABCD'[i % 4]!)]);
    const sorted = findings.filter(finding => finding.rule === 'sorted-options').map(({ question }) => question);
    expect(sorted).toEqual(Array.from({ length: 12 }, (_, i) => `bad/${i + 1}`));
  });

  test('letters, lengths and "none" that give the key away in a file', async () => {
    const many = Array.from({ length: 60 }, (_, i) =>
      makeQuestion({
        id: `f/${i}`,
        text: `Which is number ${i}?`,
        options: ['by far the longest one', 'b', 'None of the above', 'd'],
        correct: 'A',
      }),
    );
    const rules = (await lint(many)).filter(finding => finding.question === 'f').map(finding => finding.rule);
    expect(rules).toEqual(['unbalanced-letters', 'length-gives-key', 'none-never-right']);
    const fair = many.map((question, i) => ({ ...question, correct: 'ABCD'[i % 4]! }));
    expect((await lint(fair)).filter(finding => finding.question === 'f')).toEqual([]);
  });

  test('a benchmark without a question has no balance to speak of', async () => {
    expect(await lint([])).toEqual([]);
  });

  test('another number of options than the rest', async () => {
    const questions = Array.from({ length: 10 }, (_, i) =>
      makeQuestion({ id: `f/${i}`, ...(i === 3 ? { options: ['Yes', 'No'] } : {}) }),
    );
    const found = (await lint(questions)).filter(finding => finding.rule === 'option-count');
    expect(found).toMatchObject([{ question: 'f/3', detail: '2 options, others have 4' }]);
  });

  test('only errors and warnings about single questions flag them', async () => {
    const findings: Finding[] = [
      { question: 'f/1', rule: 'r', severity: 'info', detail: '' },
      { question: 'f/2', rule: 'r', severity: 'warning', detail: '' },
      { question: 'f/3', rule: 'r', severity: 'error', detail: '' },
    ];
    expect([...flaggedQuestions(findings)]).toEqual(['f/2', 'f/3']);
    expect([...flaggedQuestions(findings, 'error')]).toEqual(['f/3']);
  });

  test('a rule that there is not is named', async () => {
    await expect(Array.fromAsync(lintBenchmark(inMemory([]), { rules: ['nope'] }))).rejects.toThrow('got "nope"');
  });
});

describe('lint of pictures', () => {
  const ask = (path: string): Record<string, unknown> => ({
    image_paths: [path],
    question_text: `What is in ${path}?`,
    options: ['a', 'b', 'c', 'd'],
    correct_answer_option: 'A',
    answer: 'a',
  });

  test('finds what is missing, damaged, blank, tiny, shared and nearly shared', async () => {
    await using folder = await temporaryFolder();
    const small = await resizeImage(drawing(1, 128), { width: 96, height: 96 });
    await writeFiles(folder.path, {
      'images/f/question_1.png': await encodePng(drawing(1, 128)),
      'images/f/question_2.png': await encodePng(drawing(1, 128)),
      'images/f/question_3.png': await encodeJpeg(small, { quality: 60 }),
      'images/f/question_4.png': await encodePng(drawing(4, 128)),
      'images/f/question_5.png': (await picture(5)).slice(0, 200),
      'images/f/question_6.png': await encodePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(7) }),
      'images/f/question_7.png': 'no picture at all',
      'images/f/question_9.png': await encodePng(drawing(9, 8))
        .then(() => resizeImage(drawing(9, 64), { width: 6, height: 6 }))
        .then(encodePng),
    });
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    await writeOfficial(folder.path, [
      {
        stem: 'f',
        header: header('bias_fairness', 'age', 'x', 'single'),
        questions: Object.fromEntries(numbers.map(n => [n, ask(`images/f/question_${n}.png`)])),
      },
    ]);
    const { findings, pictures } = await report(await openBenchmark(folder.path), true);
    expect(pictures).toBe(8);
    const by = (rule: string): string[] =>
      findings.filter(finding => finding.rule === rule).map(({ question }) => question);
    expect(by('missing-image')).toEqual(['f/8']);
    expect(by('unreadable-image')).toEqual(['f/5', 'f/7']);
    expect(by('blank-image')).toEqual(['f/6']);
    expect(by('tiny-image')).toEqual(['f/9']);
    expect(by('shared-image')).toEqual(['f/1', 'f/2']);
    expect(by('near-duplicate-image').sort()).toEqual(['f/1', 'f/2', 'f/3']);
  });

  test('the black picture of a text-only question is no defect', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const { findings } = await report(await openBenchmark(folder.path), true);
    expect(findings.filter(finding => finding.question === 'tools_retrieval/1')).toEqual([]);
  });

  test('a question that cannot be read is a finding, and the rest is still looked at', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    await writeFile(join(folder.path, 'cut.json'), '{"questions": {');
    const { findings, questions } = await report(await openBenchmark(folder.path));
    expect(questions).toBe(9);
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'unreadable-question', question: 'cut.json' }));
  });
});
