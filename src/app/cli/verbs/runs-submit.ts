import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import { findMissingShards, type Job } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, findRun, refuseDone } from '../../../kit/runs/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { type SlurmOptions, submit, workersScript } from '../../cluster/slurm.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, wholeNumber } from '../options.ts';
import { jobOf, refuseCommands } from '../recorded-job.ts';
import { printJson } from '../work.ts';

interface SubmitOptions extends Omit<SlurmOptions, 'allowCommand'> {
  readonly slurm?: boolean;
  readonly print?: boolean;
  readonly json?: boolean;
  readonly runsDir: string;
  readonly allowCommand?: boolean;
}

/** A value of a directive: it goes into a script, where nothing could quote it. */
function word(shape: RegExp, expected: string): (text: string) => string {
  return text => {
    if (shape.test(text)) return text;
    throw new InvalidArgumentError(`expected ${expected}, got ${JSON.stringify(text)}`);
  };
}

const NAME = /^[\w.,-]{1,200}$/;

async function send(
  id: string,
  options: SubmitOptions,
  { io, jobs }: { readonly io: CliIo; readonly jobs: readonly Job[] },
) {
  const { slurm = false, print = false, json = false, runsDir, allowCommand = false, ...asked } = options;
  if (!slurm) throw new BiolensError('usage', 'say where to: --slurm');
  const found = await findRun(id, runsDir);
  refuseDone(found.record, found.path);
  const job = jobOf(found, jobs);
  if (!allowCommand) refuseCommands(job, found.record);
  const path = resolve(found.path);
  const shards = await findMissingShards(path);
  const submission = { ...asked, allowCommand, id: found.record.id, path, runsDir: resolve(runsDir), shards };
  if (shards.length === 0)
    throw new BiolensError('usage', `${submission.id}: every shard is made; biolens runs reduce makes the report`);
  if (print) return io.out(workersScript(submission));
  const submitted = await submit(submission);
  if (json) return printJson(io, { schema: 'biolens/submitted@1', run: submission.id, shards, ...submitted });
  io.out(
    `${printable(submission.id)}: ${shards.length} shards sent as job ${submitted.workers}, the report follows as job ${submitted.reduce}\n`,
  );
}

/** `biolens runs submit` */
export function registerRunsSubmit(program: Command, io: CliIo, jobs: readonly Job[]): void {
  const command = groupOf(program, 'runs')
    .command('submit <id>')
    .description('send the shards of a run started with --plan that are yet to be made to a cluster')
    .option('--slurm', 'as an array of Slurm jobs, and one after them that makes the report')
    .addOption(
      new Option('--time <limit>', 'wall time of a shard; two minutes before it, it keeps what it has')
        .argParser(word(/^(?:\d{1,3}-)?\d{1,5}(?::\d{2}){0,2}$/, 'a time such as 04:00:00'))
        .default('04:00:00'),
    )
    .addOption(
      new Option('--memory <size>', 'memory of a shard')
        .argParser(word(/^\d{1,7}[KMGT]?$/, 'a size such as 8G'))
        .default('8G'),
    )
    .addOption(new Option('--cpus <n>', 'cores of a shard').argParser(wholeNumber(1, 1024)).default(2))
    .addOption(new Option('--partition <name>', 'partition').argParser(word(NAME, 'the name of a partition')))
    .addOption(new Option('--account <name>', 'account').argParser(word(NAME, 'the name of an account')))
    .addOption(
      new Option('--retries <n>', 'how often shards that were not made are sent again')
        .argParser(wholeNumber(0, 100))
        .default(2),
    )
    .option('--print', 'print the script of the workers and send nothing')
    .option('--allow-command', 'let the workers run the command that the run names')
    .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
    .option('--json', 'print the result as JSON on standard output');
  addExamples(command, 'biolens runs submit latest --slurm --time 02:00:00 --memory 4G').action(
    (id: string, options: SubmitOptions) => send(id, options, { io, jobs }),
  );
}
