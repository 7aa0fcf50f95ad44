import type { BenchComparison } from '../../../ground/contracts/index.ts';
import type { JobComparison } from '../../../kit/job/index.ts';
import { wrap } from '../../../kit/text/wrap.ts';
import { compareModels } from '../compare/compare.ts';
import { testPaired } from '../compare/paired.ts';
import { differencesOf } from '../compare/question-differences.ts';
import { describeComparison } from './describe.ts';
import { type BenchRunContent, readBenchRun, scoreRun } from './read-run.ts';

/** The leaderboard of runs of one benchmark; published rows stand in it where they are of the same questions. */
function compareRuns(runs: readonly BenchRunContent[]): BenchComparison {
  const models = runs.flatMap(run => scoreRun(run, 'strict'));
  const comparison = compareModels(models);
  return comparison.publishedNotTested === null ? comparison : compareModels(models, { published: false });
}

const sourceOf = ({ record, report }: BenchRunContent): string => report?.benchmark.source ?? record.id;

/** How each later run did on the questions that it and the first run both answered. */
function pairsOf(runs: readonly BenchRunContent[]): Pick<JobComparison, 'pairs' | 'cautions'> {
  const [first, ...later] = runs;
  const [model] = first === undefined ? [] : scoreRun(first, 'strict');
  const pairs = later.flatMap((run, i) => {
    const [other] = scoreRun(run, 'strict');
    if (model === undefined || other === undefined || run.digest !== first?.digest) return [];
    const { differences, links } = differencesOf(other, model);
    if (differences.length === 0) return [];
    const { difference, p, test } = testPaired(differences, links);
    return [{ run: i + 1, path: 'overall', difference, p, test }];
  });
  const strangers = later.some(({ digest }) => digest !== first?.digest);
  return {
    pairs,
    cautions: strangers ? ['The runs are of different questions: their accuracies cannot be ranked.'] : [],
  };
}

/**
 * Holds finished bench runs against each other. Answers to different questions cannot be compared, so that each benchmark has a leaderboard
 * of its own.
 *
 * @param paths folders of the runs
 * @throws {BiolensError} `input` naming the file of a run that is missing or wrong
 */
export async function compareFinished(paths: readonly string[]): Promise<JobComparison> {
  const runs = await Promise.all(paths.map(readBenchRun));
  const groups = [...Map.groupBy(runs, ({ digest }) => digest).values()];
  const compared = groups.map(group => ({
    benchmark: group[0] === undefined ? '' : sourceOf(group[0]),
    ...compareRuns(group),
  }));
  const [only, second] = compared;
  if (only !== undefined && second === undefined) {
    const { benchmark: _, ...comparison } = only;
    return {
      text: describeComparison(comparison),
      json: { schema: 'biolens/bench-comparison@1', ...comparison },
      ...pairsOf(runs),
    };
  }
  return {
    text: compared.map(one => `${wrap(one.benchmark, 80, '')}\n${describeComparison(one)}`).join('\n'),
    json: { schema: 'biolens/bench-comparisons@1', comparisons: compared },
    ...pairsOf(runs),
  };
}
