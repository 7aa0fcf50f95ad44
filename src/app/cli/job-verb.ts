import { type Command, Option } from 'commander';
import { BiolensError } from '../../ground/errors.ts';
import {
  absolutePaths,
  checkGatePaths,
  fieldsOf,
  type Job,
  overlay,
  parseGate,
  resumeJob,
} from '../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, findRun, MOST_SHARDS } from '../../kit/runs/index.ts';
import { readConfigFile } from './config-file.ts';
import { followAndShow, type StartRun } from './follow-job.ts';
import { groupOf } from './groups.ts';
import type { CliIo } from './io.ts';
import { addFieldFlags, flagNamer } from './job-flags.ts';
import { addExamples, gateOption, wholeNumber } from './options.ts';
import { planRun } from './plan-run.ts';
import { type Request, runJobs } from './run-jobs.ts';

/** What every job's verb has beside the fields of its configuration. */
interface JobOptions {
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly blur?: boolean;
  readonly failOn: readonly string[];
  readonly runsDir: string;
  readonly name?: string;
  readonly plan?: number;
}

/** The command of a verb: its last word within the group of those before, which may be a job's verb itself, as in `audit text`. */
function commandFor(program: Command, words: readonly string[]): Command {
  const parent = words.slice(0, -1).reduce(groupOf, program);
  return parent.command(words.at(-1) ?? '');
}

/** Adds `--fail-on`, `--json`, `--blur` and `--runs-dir`, which starting and resuming have. */
function addOutputOptions(command: Command, job: Job): Command {
  return command
    .addOption(gateOption(job.gateExample))
    .option('--runs-dir <dir>', 'where the run goes', DEFAULT_RUNS_DIR)
    .option('--blur', 'make a report in which no face can be recognised')
    .option('--json', 'print the result as JSON on standard output');
}

/** What a configuration file asks for, with what stands on the command line put over it. */
async function requestsOf(
  job: Job,
  given: Record<string, unknown>,
  { config, failOn, name }: JobOptions,
): Promise<Request[]> {
  const gates = failOn.map(parseGate);
  if (config === undefined)
    return [{ job, input: given, name, gates, parse: { nameOf: flagNamer(job.configuration) } }];
  const entries = await readConfigFile(config);
  return entries.map(entry => {
    if (entry.job !== null && entry.job !== job.kind && entry.job !== job.verb)
      throw new BiolensError(
        'usage',
        `${entry.source}: a job "${entry.job}", expected ${job.kind}; biolens runs start ${config} takes jobs of any kind`,
      );
    return requestOf(job, entry, { given, name, gates });
  });
}

/** A job of a configuration file. */
export function requestOf(
  job: Job,
  entry: Awaited<ReturnType<typeof readConfigFile>>[number],
  over: Pick<Request, 'gates' | 'name'> & { readonly given: Readonly<Record<string, unknown>> },
): Request {
  return {
    job,
    // What stands on the command line starts from the folder one is in, what stands in the file from the file's.
    input: overlay(job, entry.input, absolutePaths(job, over.given, '.')),
    name: over.name ?? entry.name,
    gates: [...over.gates, ...entry.failOn.map(parseGate)],
    parse: { base: entry.base, source: entry.source, code: 'input' },
  };
}

function registerResume(program: Command, job: Job, io: CliIo): void {
  const only = fieldsOf(job.configuration).filter(({ meta }) => meta.changeable);
  const group = job.verb.split(' ').slice(0, -1);
  if (only.length === 0 || group.length === 0) return;
  const command = commandFor(program, [...group, 'resume']).argument('<run>');
  command.description(`resume a ${job.noun} that was interrupted or failed, with some settings changed`);
  const changes = addFieldFlags(command, job.configuration, {
    only: ({ meta }) => meta.changeable !== undefined,
    kept: true,
  });
  const view = job.result === undefined ? () => ({}) : addFieldFlags(command, job.result.options);
  addExamples(addOutputOptions(command, job), `biolens ${group.join(' ')} resume latest`).action(
    async (id: string, { runsDir, json = false, blur = false, failOn }: JobOptions) => {
      const gates = failOn.map(parseGate);
      checkGatePaths(job, gates);
      const { path } = await findRun(id, runsDir);
      const start: StartRun = options =>
        resumeJob(job, path, { ...options, environment: io.env, changes: changes(command) });
      await followAndShow(job, start, { io, json, blur, gates, view: view(command) });
    },
  );
}

/** Adds the verb of a job, made from its declaration. */
export function registerJob(program: Command, job: Job, io: CliIo): void {
  const command = commandFor(program, job.verb.split(' ')).description(job.summary);
  const given = addFieldFlags(command, job.configuration, { only: ({ meta }) => meta.changeable !== 'only' });
  const view = job.result === undefined ? () => ({}) : addFieldFlags(command, job.result.options);
  command
    .option('--config <file>', 'take the settings from a YAML file, of one job or of several; flags win over it')
    .option('--dry-run', 'check everything, say what would be read and how long it takes, and do nothing')
    .option('--name <name>', "end of the run's name (default: made from the settings)");
  if (job.sharded)
    command.addOption(
      new Option(
        '--plan <shards>',
        'make the run and deal its items to so many workers, and do none: see biolens worker',
      ).argParser(wholeNumber(1, MOST_SHARDS)),
    );
  addExamples(addOutputOptions(command, job), ...job.examples).action(async () => {
    const options = command.opts<JobOptions>();
    const { json = false, blur = false, dryRun = false, runsDir } = options;
    const requests = await requestsOf(job, given(command), options);
    if (options.plan !== undefined && !dryRun)
      return await planRun(requests, options.plan, { json, blur, runsDir, io });
    await runJobs(requests, { json, blur, dryRun, runsDir, io, view: view(command) });
  });
  registerResume(program, job, io);
}
