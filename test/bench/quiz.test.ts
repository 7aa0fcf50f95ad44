import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TASKS } from '../../src/ground/contracts/index.ts';
import { type QuizEvent, runQuiz } from '../../src/jobs/bench/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { temporaryFolder } from './official-folder.ts';

test('a quiz on drawn faces: built, answered by the specialist, scored, in one go', { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const [faces, masks, to, runsDir] = ['faces', 'faces-masks', 'quiz', 'runs'].map(name => join(folder.path, name)) as [
    string,
    string,
    string,
    string,
  ];
  for await (const _ of renderFaces(faces, { n: 60, size: 96, seed: 2, identities: 20, masks }));
  const events: QuizEvent[] = [];
  const quiz = runQuiz({ faces, to, perTask: 1, runsDir, name: 'quiz' });
  let next = await quiz.next();
  for (; !next.done; next = await quiz.next()) events.push(next.value);
  const { build, report } = next.value;

  expect(build.byTask).toEqual(Object.fromEntries(TASKS.map(({ code }) => [code, 1])));
  const [score] = report.scores;
  expect(score).toMatchObject({ model: 'specialist', parser: 'strict', counts: { questions: 14, unasked: 0 } });
  expect(score!.outcomes).toMatchObject({ refused: 0, unparsed: 0, error: 0 });
  // Race, spoofs, deepfakes, names, face parts and tools are beyond the networks, and marked so.
  expect(score!.counts.drawn).toBeGreaterThanOrEqual(5);
  expect(score!.counts.drawn).toBeLessThan(12);
  expect(report.lint?.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);

  const of = <T extends QuizEvent['type']>(type: T) =>
    events.filter((event): event is Extract<QuizEvent, { type: T }> => event.type === type);
  expect(of('building').at(-1)).toEqual({ type: 'building', done: 14, total: 14 });
  const [run] = of('run');
  expect(run?.id).toMatch(/-bench-quiz$/);
  expect(existsSync(join(run!.path, 'report.json'))).toBe(true);
  expect(of('result')).toHaveLength(1);
});
