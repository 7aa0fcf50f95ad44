import { type Command, Option } from 'commander';
import type { Job } from '../../../kit/job/index.ts';
import { MOST_SHARDS, readRunRecord } from '../../../kit/runs/index.ts';
import type { CliIo } from '../io.ts';
import { addExamples, wholeNumber } from '../options.ts';
import { makeShard } from '../plan-run.ts';
import { jobOf, refuseCommands } from '../recorded-job.ts';

interface WorkerOptions {
  readonly plan: string;
  readonly shard: number;
  readonly json?: boolean;
  readonly allowCommand?: boolean;
}

/** `biolens worker` */
export function registerWorker(program: Command, io: CliIo, jobs: readonly Job[]): void {
  const command = program
    .command('worker')
    .description('make one shard of a run that was started with --plan; a shard that is made stays as it is')
    .requiredOption('--plan <dir>', "the run's folder")
    .addOption(
      new Option('--shard <i>', 'which, from 0, as schedulers count')
        .argParser(wholeNumber(0, MOST_SHARDS - 1))
        .makeOptionMandatory(),
    )
    .option('--allow-command', 'let it run the command that the run names')
    .option('--json', 'print the result as JSON on standard output');
  addExamples(command, 'biolens worker --plan runs/2026-11-24T10-02-11-audit-samples --shard 7').action(
    async ({ plan: path, shard, json = false, allowCommand = false }: WorkerOptions) => {
      const record = await readRunRecord(path);
      const job = jobOf({ record, path }, jobs);
      if (!allowCommand) refuseCommands(job, record);
      await makeShard(job, path, { shard, io, json });
    },
  );
}
