import type { Answer } from '../../../ground/contracts/bench.ts';
import { type BenchReport, benchReportSchema } from '../../../ground/contracts/bench-report.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { parseConfiguration } from '../../../kit/job/index.ts';
import { createRun } from '../../../kit/runs/index.ts';
import { type MergeResult, mergeAnswers } from '../ask/index.ts';
import { writeQuestionLines } from '../read/jsonl.ts';
import { buildBenchReport } from '../report.ts';
import { benchConfigurationSchema } from './configuration.ts';
import { checkSameBenchmark, QUESTIONS_FILE, readBenchRun } from './read-run.ts';

export interface MergedRun extends MergeResult {
  readonly id: string;
  readonly path: string;
  readonly report: BenchReport;
}

/**
 * Makes one run of the answers of several, such as the shards of one that ran on different machines. The benchmark itself is not
 * needed.
 *
 * @param paths folders of runs of the same benchmark, model and setting, of which one at least is done
 * @throws {BiolensError} `input` where they do not belong together
 */
export async function mergeRuns(
  paths: readonly string[],
  options: { readonly runsDir?: string | undefined; readonly name?: string | undefined } = {},
): Promise<MergedRun> {
  const parts = await Promise.all(paths.map(readBenchRun));
  const [first] = parts;
  if (first === undefined || parts.length < 2) throw new BiolensError('usage', 'expected two runs or more to merge');
  checkSameBenchmark(parts);
  const reports = parts.flatMap(({ report }) => report ?? []);
  const known = reports.find(report => report.lint !== null) ?? reports[0];
  if (known === undefined)
    throw new BiolensError(
      'input',
      `${first.record.id}: none of these runs is done; biolens runs resume ID resumes one`,
    );
  const { source, format } = known.benchmark;
  const answers: Answer[] = [];
  const result = await mergeAnswers(
    parts.map(({ record, answers: items }) => ({ name: record.id, items })),
    { append: async answer => void answers.push(answer) },
  );
  const { questions, digest } = first;
  const report = benchReportSchema.parse(
    buildBenchReport({ benchmark: { source, format }, questions, answers, lint: known.lint }),
  );
  const configuration = {
    ...parseConfiguration({ configuration: benchConfigurationSchema }, first.record.configuration, {
      code: 'input',
      source: `run ${first.record.id}: configuration`,
    }),
    shard: null,
    mergedFrom: parts.map(({ record }) => record.id),
  };
  const run = await createRun({
    kind: 'bench',
    name: options.name ?? 'merged',
    configuration,
    seed: configuration.seed,
    digests: { benchmark: digest },
    ...(options.runsDir === undefined ? {} : { runsDir: options.runsDir }),
  });
  await writeQuestionLines(await run.artifactPath(QUESTIONS_FILE), questions);
  await run.appendAll(answers);
  await run.complete(report);
  return { ...result, id: run.id, path: run.path, report };
}
