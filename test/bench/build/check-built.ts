import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type BenchBuild,
  benchBuildSchema,
  type LintReport,
  type PictureProvenance,
  pictureProvenanceSchema,
  type Question,
} from '../../../src/ground/contracts/index.ts';
import { type BuildOptions, buildBenchmark, lintBenchmark, openBenchmark } from '../../../src/jobs/bench/index.ts';

/** Builds, and gives the result. */
export async function collectBuild(options: BuildOptions): Promise<BenchBuild> {
  for await (const event of buildBenchmark(options)) if (event.type === 'result') return event.result;
  throw new Error('no result');
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

export function readProvenance(folder: string): PictureProvenance[] {
  const text = readFileSync(join(folder, 'provenance.jsonl'), 'utf8').trim();
  return text === '' ? [] : text.split('\n').map(line => pictureProvenanceSchema.parse(JSON.parse(line)));
}

/**
 * Holds a built benchmark to all that is promised of it: it can be read, no image is twice in a question, every image's origin is
 * written down and true, right letters are dealt evenly, and our own linter flags no question.
 */
export async function checkBuilt(
  folder: string,
  { from }: { readonly from: string },
): Promise<{ readonly questions: readonly Question[]; readonly lint: LintReport }> {
  benchBuildSchema.parse(JSON.parse(readFileSync(join(folder, 'build.json'), 'utf8')).result);
  const benchmark = await openBenchmark(folder);
  const problems: string[] = [];
  const questions = await Array.fromAsync(
    benchmark.questions({ onProblem: ({ message }) => void problems.push(message) }),
  );
  expect(problems).toEqual([]);

  const provenance = new Map(readProvenance(folder).map(line => [line.image, line]));
  for (const { id, images, options, correct, imageCount } of questions) {
    expect(options.map(({ label }) => label)).toEqual(['A', 'B', 'C', 'D']);
    expect(new Set(options.map(({ text }) => text)).size).toBe(4);
    expect(options.some(({ label }) => label === correct)).toBe(true);
    expect(imageCount).toBe(images.length === 0 ? 'zero' : images.length === 1 ? 'single' : 'multiple');
    const digests = images.map(({ file }) => sha256(join(folder, file!)));
    expect(new Set(digests).size, id).toBe(digests.length);
    for (const [i, { file }] of images.entries()) {
      const line = provenance.get(file!);
      expect(line, file!).toMatchObject({ question: id, digest: digests[i] });
      expect(line!.sources.length).toBeGreaterThan(0);
      for (const source of line!.sources) {
        const original = join(from, source.file);
        expect(existsSync(original), source.file).toBe(true);
        expect(sha256(original)).toBe(source.digest);
      }
      // What nothing was done to is the very file.
      if (line!.made === null) expect(line!.sources[0]!.digest).toBe(digests[i]);
    }
  }
  expect(provenance.size).toBe(questions.reduce((sum, { images }) => sum + images.length, 0));

  // Letters are dealt in rounds of four for each task and number of images.
  for (const group of Map.groupBy(questions, ({ task, imageCount, dataset }) =>
    [task, imageCount, dataset].join(),
  ).values()) {
    const counts = ['A', 'B', 'C', 'D'].map(letter => group.filter(({ correct }) => correct === letter).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }

  let lint: LintReport | null = null;
  for await (const event of lintBenchmark(benchmark)) if (event.type === 'report') lint = event.report;
  expect(lint!.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  return { questions, lint: lint! };
}
