import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findImage, imagesNamed } from '../../src/app/pages/images.ts';
import { collectImages } from '../../src/app/pages/index.ts';
import type { BenchReport } from '../../src/ground/contracts/index.ts';
import { openBenchmark } from '../../src/jobs/bench/index.ts';
import { questionPicturesToKeep } from '../../src/jobs/bench/run/question-images.ts';
import { decodeImage } from '../../src/kit/images/index.ts';
import { drawing, header, picture, temporaryFolder, writeFiles, writeOfficial } from '../bench/official-folder.ts';
import { benchReport } from '../web/bench-fixtures.ts';

/** A report of six questions in a folder of the released layout, whose last picture is missing. */
async function reportOn(folder: string): Promise<BenchReport> {
  const stem = 'fairface_age_multi_mcq';
  const paths = (i: number): string[] => [1, 2].map(k => `images/${stem}/question_${i}_${k}.png`);
  const numbers = [1, 2, 3, 4, 5, 6];
  await writeOfficial(join(folder, 'benchmark'), [
    {
      stem,
      header: header('bias_fairness', 'age', 'fairface', 'multiple'),
      questions: Object.fromEntries(
        numbers.map(i => [
          String(i),
          {
            image_paths: paths(i),
            question_text: `Question ${i}`,
            options: ['a', 'b', 'c', 'd'],
            correct_answer_option: 'A',
            answer: 'a',
          },
        ]),
      ),
    },
  ]);
  const files = numbers.flatMap(paths).slice(0, -1);
  await writeFiles(
    join(folder, 'benchmark'),
    Object.fromEntries(await Promise.all(files.map(async (file, i) => [file, await picture(i)] as const))),
  );
  const base = benchReport();
  const questions = await Array.fromAsync((await openBenchmark(folder)).questions());
  return { ...base, benchmark: { ...base.benchmark, source: folder }, questions, items: [] };
}

const ofRun = (report: BenchReport) => ({
  path: '/nowhere',
  report,
  configuration: { from: report.benchmark.source },
  roots: [report.benchmark.source],
});

test('pictures of questions are found in the benchmark, and no other file is', async () => {
  await using folder = await temporaryFolder();
  const report = await reportOn(folder.path);
  const names = [...(imagesNamed(report).get('questions') ?? [])];
  expect(names).toHaveLength(11);
  const bytes = await findImage(ofRun(report), { set: 'questions', file: names[3]! });
  expect((await decodeImage(bytes!)).data).toEqual(drawing(3).data);
  for (const file of ['../secret.png', '/etc/hostname', 'images/other.png', `./${names[0]}`])
    expect(await findImage(ofRun(report), { set: 'questions', file })).toBeNull();
  expect(await findImage(ofRun(report), { set: 'training', file: names[0]! })).toBeNull();
});

test('a frozen page keeps them small; blurred where that is asked for; none where the benchmark has gone', async () => {
  await using folder = await temporaryFolder();
  const report = await reportOn(folder.path);
  const images = await collectImages(ofRun(report));
  expect(Object.keys(images)).toHaveLength(11);
  expect(Object.keys(images).every(name => name.startsWith('questions/images/'))).toBe(true);
  const blurred = await collectImages(ofRun(report), { blur: true });
  const [name = ''] = Object.keys(images);
  expect(blurred[name]).not.toBe(images[name]);
  await rm(folder.path, { recursive: true });
  expect(await collectImages(ofRun(structuredClone(report)))).toEqual({});
});

test('of a large benchmark whole questions are kept, spread over all', async () => {
  await using folder = await temporaryFolder();
  const report = await reportOn(folder.path);
  const kept = questionPicturesToKeep(report, 6);
  expect(kept).toHaveLength(6);
  expect(new Set(kept.map(name => /question_(\d)/.exec(name)?.[1]))).toEqual(new Set(['1', '3', '5']));
});
