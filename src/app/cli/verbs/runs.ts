import { basename } from 'node:path';
import type { Command } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import {
  checkGatePaths,
  checkShards,
  findMissingShards,
  type Job,
  parseGate,
  rangesOf,
  resumeJob,
  startJob,
} from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, findRun, listRuns } from '../../../kit/runs/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { findJob } from '../../jobs.ts';
import { readFinished } from '../../pages/run-page.ts';
import { readConfigFile } from '../config-file.ts';
import { followAndShow, type StartRun } from '../follow-job.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { requestOf } from '../job-verb.ts';
import { addExamples, repeated, rootOption } from '../options.ts';
import { jobOf, refuseCommands } from '../recorded-job.ts';
import { runJobs } from '../run-jobs.ts';
import { printJson, work } from '../work.ts';

interface RunsOptions {
  readonly json?: boolean;
  readonly runsDir: string;
}

export interface FollowOptions extends RunsOptions {
  readonly blur?: boolean;
  readonly failOn: readonly string[];
  readonly allowCommand?: boolean;
}

interface StartOptions extends FollowOptions {
  readonly dryRun?: boolean;
}

function addRunsDir(command: Command): Command {
  return command
    .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
    .option('--json', 'print the result as JSON on standard output');
}

export function addCommandOption(command: Command): Command {
  return command.option('--allow-command', 'let it run the command that generates its images');
}

export function addFollowOptions(command: Command): Command {
  return addRunsDir(command)
    .option('--blur', 'make a report in which no face can be recognised')
    .addOption(repeated('--fail-on <condition>', 'exit with 1 if it holds for the result; may be repeated'));
}

async function list({ runsDir, json }: RunsOptions, io: CliIo): Promise<void> {
  const { runs, broken } = await listRuns(runsDir);
  if (json) return printJson(io, { schema: 'biolens/runs@1', runs: runs.map(({ record }) => record), broken });
  for (const { id, reason } of broken) io.err(`${printable(id)}: ${printable(reason)}\n`);
  if (runs.length === 0) return io.out(`no runs in ${printable(runsDir)}\n`);
  const rows = runs.map(({ record }) => [
    record.id,
    record.kind,
    record.status,
    record.provenance.startedAt.slice(0, 16).replace('T', ' '),
  ]);
  io.out(formatTable([{ title: 'run' }, { title: 'kind' }, { title: 'status' }, { title: 'started (UTC)' }], rows));
}

async function show(id: string, { runsDir, json }: RunsOptions, io: CliIo, jobs: readonly Job[]): Promise<void> {
  const found = await findRun(id, runsDir);
  const { path, record } = found;
  const job = jobs.find(({ kind }) => kind === record.kind);
  const done = record.status === 'done' && job !== undefined ? await readFinished(job, found) : null;
  if (json) return printJson(io, { schema: 'biolens/run-page@1', run: record, report: done?.report ?? null });
  const why = record.error === undefined ? '' : `: ${record.error}`;
  const lines = [record.id, `${record.kind}, ${record.status}${why}`, `in ${path}`];
  io.out(lines.map(line => `${printable(line)}\n`).join(''));
  if (done !== null) io.out(`\n${job?.describe(done.report)}`);
  if (record.status !== 'done') io.out(`\nTo resume: biolens runs resume ${printable(record.id)}\n`);
}

interface ReportOptions extends RunsOptions {
  readonly blur?: boolean;
  readonly root: readonly string[];
}

/** Writes the page of a run that is done again. */
async function report(id: string, { runsDir, json, blur = false, root }: ReportOptions, io: CliIo): Promise<void> {
  const { path, record } = await findRun(id, runsDir);
  const roots = root.length === 0 ? ['.'] : root;
  const { freezeRun } = await import('../../pages/index.ts');
  const page = await work(io, ({ signal, progress }) => {
    const onProgress = (done: number, total: number) => progress.update({ stage: 'writing the report', done, total });
    return freezeRun(path, { blur, signal, roots, onProgress });
  });
  if (json) printJson(io, { schema: 'biolens/runs-report@1', run: record.id, page });
  else io.out(`Report: ${printable(page)}\n`);
}

interface Wanted {
  readonly options: FollowOptions;
  readonly io: CliIo;
  readonly jobs: readonly Job[];
}

/** Resumes a run or repeats it, and shows what comes out. */
export async function follow(
  id: string,
  how: 'resume' | 'reduce' | 'rerun',
  { options, io, jobs }: Wanted,
): Promise<void> {
  const { runsDir, json = false, blur = false, failOn, allowCommand = false } = options;
  const found = await findRun(id, runsDir);
  const job = jobOf(found, jobs);
  const gates = failOn.map(parseGate);
  checkGatePaths(job, gates);
  if (!allowCommand) refuseCommands(job, found.record);
  if (how === 'reduce') await checkShards(found.path);
  const context = { environment: io.env, runsDir };
  const start: StartRun = options =>
    how !== 'rerun'
      ? resumeJob(job, found.path, { ...context, ...options })
      : startJob(job, job.repeatable?.(found.record.configuration) ?? found.record.configuration, {
          ...context,
          ...options,
        });
  await followAndShow(job, start, { io, json, blur, gates, view: {} });
}

async function start(file: string, { options, io, jobs }: Wanted & { readonly options: StartOptions }): Promise<void> {
  const { runsDir, json = false, blur = false, dryRun = false, failOn } = options;
  const gates = failOn.map(parseGate);
  const entries = await readConfigFile(file);
  const requests = entries.map(entry => {
    if (entry.job === null)
      throw new BiolensError('input', `${entry.source}: "job" is missing: the kind of job, such as ${jobs[0]?.kind}`);
    return requestOf(findJob(entry.job, jobs), entry, { given: {}, gates, name: undefined });
  });
  await runJobs(requests, { json, blur, dryRun, runsDir, io, view: {} });
}

/** Shards that are to be sent again. */
async function missing(id: string, { runsDir, json }: RunsOptions, io: CliIo): Promise<void> {
  const { path } = await findRun(id, runsDir);
  const shards = await findMissingShards(path);
  if (json) return printJson(io, { schema: 'biolens/missing@1', run: basename(path), missing: shards });
  io.out(shards.length === 0 ? '' : `${rangesOf(shards)}\n`);
}

/** `biolens runs …` */
export function registerRuns(program: Command, io: CliIo, jobs: readonly Job[]): void {
  const runs = groupOf(program, 'runs');
  addExamples(addRunsDir(runs.command('list').description('all runs, newest first')), 'biolens runs list').action(
    (options: RunsOptions) => list(options, io),
  );
  addExamples(
    addRunsDir(
      runs.command('show <id>').description('one run and its result; ID may be a part that no other has, or "latest"'),
    ),
    'biolens runs show latest',
  ).action((id: string, options: RunsOptions) => show(id, options, io, jobs));
  addExamples(
    addRunsDir(
      runs
        .command('report <id>')
        .description('write the report page of a run that is done again, such as with blurred faces'),
    )
      .option('--blur', 'make a report in which no face can be recognised')
      .addOption(rootOption('folder whose images may be shown, beside those of the run itself')),
    'biolens runs report latest --blur',
  ).action((id: string, options: ReportOptions) => report(id, options, io));
  addExamples(
    addFollowOptions(runs.command('start <file>').description('do the jobs of a YAML file, of any kinds')).option(
      '--dry-run',
      'check everything, say what would be read and how long it takes, and do nothing',
    ),
    'biolens runs start jobs.yaml',
  ).action((file: string, options: StartOptions) => start(file, { options, io, jobs }));
  addExamples(
    addCommandOption(
      addFollowOptions(runs.command('resume <id>').description('resume a run that was interrupted or failed')),
    ),
    'biolens runs resume latest',
  ).action((id: string, options: FollowOptions) => follow(id, 'resume', { options, io, jobs }));
  addExamples(
    addRunsDir(
      runs
        .command('missing <id>')
        .description('shards of a run started with --plan that are yet to be made, as a scheduler takes them: 0,3-5'),
    ),
    'biolens runs missing latest',
  ).action((id: string, options: RunsOptions) => missing(id, options, io));
  addExamples(
    addCommandOption(
      addFollowOptions(
        runs.command('reduce <id>').description('make the report of a run whose shards are all made; refused before'),
      ),
    ),
    'biolens runs reduce latest',
  ).action((id: string, options: FollowOptions) => follow(id, 'reduce', { options, io, jobs }));
  addExamples(
    addCommandOption(
      addFollowOptions(
        runs.command('rerun <id>').description('repeat a run from its recorded configuration, as a new run'),
      ),
    ),
    'biolens runs rerun 2026-11-24T10-02-11-audit-portraits',
  ).action((id: string, options: FollowOptions) => follow(id, 'rerun', { options, io, jobs }));
}
