import { describe, expect, test } from 'vitest';
import type { Question } from '../../src/ground/contracts/bench.ts';
import { nameOfCode, TASKS } from '../../src/ground/contracts/bench-codes.ts';
import { countQuestions, openBenchmark, PUBLISHED_COUNTS } from '../../src/jobs/bench/index.ts';
import { temporaryFolder, writeTraps } from './official-folder.ts';
import { makeQuestion } from './questions.ts';

/** As many questions of each kind as the published table has. */
function* published(): Generator<Question> {
  for (const { dataset, task, multiple, single, zero } of PUBLISHED_COUNTS) {
    const category = TASKS.find(({ code }) => code === task)!.category;
    for (const [imageCount, n] of [
      ['multiple', multiple],
      ['single', single],
      ['zero', zero],
    ] as const) {
      for (let i = 0; i < n; i++)
        yield makeQuestion({ id: `${dataset}-${task}-${imageCount}/${i}`, dataset, task, category, imageCount });
    }
  }
}

describe('statistics of a benchmark', () => {
  test('the published table of source sets comes out of as many questions', async () => {
    const stats = await countQuestions(published());
    expect(stats.summary).toMatchObject({ questions: 5000, multipleImages: 2750, singleImages: 2150, textOnly: 100 });
    expect(stats.datasets).toEqual(
      PUBLISHED_COUNTS.map(({ dataset, task, multiple, single, zero }) => ({
        dataset,
        questions: multiple + single + zero,
        multipleImages: multiple,
        singleImages: single,
        textOnly: zero,
        task: nameOfCode(task),
        category: nameOfCode(TASKS.find(({ code }) => code === task)!.category),
      })),
    );
    expect(
      Object.fromEntries(Object.entries(stats.byCategory).map(([code, counts]) => [code, counts.questions])),
    ).toEqual({
      bias_fairness: 1500,
      face_recognition: 800,
      fas_deepfakes: 700,
      attributes_expression: 800,
      face_localization: 1100,
      tools_use: 100,
    });
    const tables = stats.published.filter(({ field }) => field.includes(': '));
    expect(tables.every(({ equal }) => equal)).toBe(true);
    expect(tables.reduce((sum, comparison) => sum + comparison.found, 0)).toBe(5000);
    // What these questions do not share with the release is said, not hidden.
    expect(stats.published.find(({ field }) => field === 'letter A')).toEqual({
      field: 'letter A',
      published: 1278,
      found: 5000,
      equal: false,
    });
  });

  test('counts a folder', async () => {
    await using folder = await temporaryFolder();
    await writeTraps(folder.path);
    const stats = await countQuestions((await openBenchmark(folder.path)).questions());
    expect(stats.summary).toMatchObject({
      questions: 9,
      multipleImages: 3,
      singleImages: 5,
      textOnly: 1,
      imageUses: 12,
      uniqueImages: 12,
      templates: 8,
      optionCounts: { 2: 2, 4: 7 },
      letters: { A: 4, B: 2, C: 1, D: 2 },
      categories: 5,
      tasks: 7,
      datasets: 7,
      longestOption: 8,
    });
    expect(stats.byDataset.WMCA).toEqual({ questions: 3, multipleImages: 1, singleImages: 2, textOnly: 0 });
    // Nine questions are not the published benchmark, whatever their data sets are called.
    expect(stats.published).toEqual([]);
  });

  test('the published numbers stand beside those of the published benchmark alone, complete or nearly so', async () => {
    const all = [...published()];
    const whole = await countQuestions(all);
    expect(whole.published.find(({ field }) => field === 'questions')).toMatchObject({ found: 5000, equal: true });
    const wmca = (question: Question): boolean => question.dataset === 'WMCA' && question.imageCount === 'single';
    const damaged = await countQuestions(all.filter(question => !wmca(question)));
    expect(damaged.published.find(({ field }) => field === 'WMCA, Face Anti-spoofing: singleImages')).toMatchObject({
      published: 150,
      found: 0,
      equal: false,
    });
    // As many questions of one's own, and a tenth of the published ones.
    expect((await countQuestions(all.map(question => ({ ...question, dataset: 'Ours' })))).published).toEqual([]);
    expect((await countQuestions(all.filter((_, i) => i % 10 === 0))).published).toEqual([]);
  });

  test('the same picture in two questions is one picture where digests are known', async () => {
    const shown = (id: string, path: string): Question =>
      makeQuestion({ id, images: [{ path, file: path, digest: 'd' }], imageCount: 'single' });
    const { summary } = await countQuestions([shown('f/1', 'a.png'), shown('f/2', 'b.png')]);
    expect(summary).toMatchObject({ imageUses: 2, uniqueImages: 1 });
  });
});
