import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { anyReportSchema } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { DEFAULT_RUNS_DIR, findRun, listRuns } from '../../../kit/runs/index.ts';
import { describeReport } from '../describe-report.ts';
import { type CliIo, printable } from '../io.ts';
import { KINDS } from '../kinds.ts';
import { addExamples } from '../options.ts';
import { formatTable } from '../table.ts';
import { printJson } from '../work.ts';

interface RunsOptions {
  readonly json?: boolean;
  readonly runsDir: string;
}

function addRunsDir(command: Command): Command {
  return command
    .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
    .option('--json', 'print the result as JSON on standard output');
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
  io.out(
    formatTable(
      [{ title: 'run', maxWidth: 44 }, { title: 'kind' }, { title: 'status' }, { title: 'started (UTC)' }],
      rows,
    ),
  );
}

async function show(id: string, { runsDir, json }: RunsOptions, io: CliIo): Promise<void> {
  const { path, record } = await findRun(id, runsDir);
  const file = join(path, 'report.json');
  const text = record.status === 'done' ? await readFile(file, 'utf8') : null;
  const report = text === null ? null : anyReportSchema.safeParse(JSON.parse(text));
  if (report?.error)
    throw new BiolensError(
      'input',
      `${file}: "${report.error.issues[0]?.path.join('.')}" ${report.error.issues[0]?.message}`,
    );
  if (json) return printJson(io, { schema: 'biolens/run-page@1', run: record, report: report?.data ?? null });
  io.out(
    `${record.id}\n${record.kind}, ${record.status}${record.error ? `: ${printable(record.error)}` : ''}\nin ${path}\n`,
  );
  if (report?.data !== undefined) io.out(`\n${describeReport(report.data)}`);
  if (record.status !== 'done') io.out(`\nbiolens runs resume ${record.id} goes on with it\n`);
}

function kindOf(kind: string) {
  const known = KINDS[kind];
  if (known === undefined)
    throw new BiolensError(
      'input',
      `runs of kind "${kind}" are not known, these are: ${Object.keys(KINDS).join(', ')}`,
    );
  return known;
}

/** `biolens runs …` */
export function registerRuns(program: Command, io: CliIo): void {
  const runs = program.command('runs').description('list, show, resume or repeat runs');
  runs.action(() => runs.outputHelp());
  addExamples(addRunsDir(runs.command('list').description('all runs, newest first')), 'biolens runs list').action(
    (options: RunsOptions) => list(options, io),
  );
  addExamples(
    addRunsDir(
      runs.command('show <id>').description('one run and its result; ID may be a part that no other has, or "latest"'),
    ),
    'biolens runs show latest',
  ).action((id: string, options: RunsOptions) => show(id, options, io));
  addExamples(
    addRunsDir(runs.command('resume <id>').description('go on with a run that was interrupted or failed')),
    'biolens runs resume latest',
  ).action(async (id: string, options: RunsOptions) => {
    const { path, record } = await findRun(id, options.runsDir);
    await kindOf(record.kind).resume(path, io, options);
  });
  addExamples(
    addRunsDir(runs.command('rerun <id>').description('repeat a run from its recorded configuration, as a new run')),
    'biolens runs rerun 2026-11-24T10-02-11-audit-portraits',
  ).action(async (id: string, options: RunsOptions) => {
    const { record } = await findRun(id, options.runsDir);
    await kindOf(record.kind).rerun(record.configuration, io, options);
  });
}
