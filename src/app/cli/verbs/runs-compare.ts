import type { Command } from 'commander';
import type { Job } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, type FoundRun, findRun } from '../../../kit/runs/index.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples } from '../options.ts';
import { printJson } from '../work.ts';

interface CompareOptions {
  readonly json?: boolean;
  readonly runsDir: string;
}

/** `biolens runs compare` */
export function registerRunsCompare(program: Command, io: CliIo, jobs: readonly Job[]): void {
  addExamples(
    groupOf(program, 'runs')
      .command('compare')
      .description('finished runs of one kind side by side: metrics with differences, settings, data')
      .argument(
        '<runs...>',
        'ids of 2 to 8 runs, or parts of them that no other has; the first is what the others are compared with',
      )
      .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
      .option('--json', 'print the result as JSON on standard output'),
    'biolens runs compare audit-before audit-after',
    'biolens runs compare epoch-10 epoch-20 epoch-30 --json',
  ).action(async (ids: readonly string[], { json, runsDir }: CompareOptions) => {
    const { compareRuns, describeRunComparison } = await import('../../compare/index.ts');
    const found: FoundRun[] = [];
    for (const id of ids) found.push(await findRun(id, runsDir));
    const comparison = await compareRuns(found, jobs);
    if (json) printJson(io, comparison);
    else io.out(describeRunComparison(comparison));
  });
}
