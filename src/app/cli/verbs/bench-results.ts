import { type Command, Option } from 'commander';
import { benchScoreSchema } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { BenchRunContent, LeaderboardFormat, OwnReplies, ParserName } from '../../../jobs/bench/index.ts';
import { describeBench, describeComparison, describeScore } from '../../../jobs/bench/run/describe.ts';
import { checkGatePath, checkGates, parseGate, toJsonSchema } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, findRun } from '../../../kit/runs/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, gateOption, rootOption } from '../options.ts';
import { printJson } from '../work.ts';

interface ReadOptions {
  readonly json?: boolean;
  readonly runsDir: string;
}

interface ScoreOptions extends ReadOptions {
  readonly parser: ParserName;
  readonly failOn: readonly string[];
}

interface CompareOptions extends ReadOptions {
  readonly parser: ParserName;
  readonly published: boolean;
}

interface ExportOptions extends ReadOptions {
  readonly parser: ParserName;
  readonly published?: boolean;
  readonly format: LeaderboardFormat | HarnessFormat;
  readonly output?: string;
}

/** Logs of other harnesses, which hold one run each. */
const HARNESS_FORMATS = ['inspect', 'lmms-eval', 'lmms-eval-samples'] as const;
type HarnessFormat = (typeof HARNESS_FORMATS)[number];
const isHarness = (format: string): format is HarnessFormat => HARNESS_FORMATS.some(one => one === format);

interface MergeOptions extends ReadOptions {
  readonly root: readonly string[];
  readonly name?: string;
}

/** Runs of other kinds have no answers. */
const BENCH = { kind: 'bench' };

async function pathsOf(ids: readonly string[], runsDir: string): Promise<string[]> {
  return await Promise.all(ids.map(async id => (await findRun(id, runsDir, BENCH)).path));
}

async function readRuns(ids: readonly string[], runsDir: string): Promise<BenchRunContent[]> {
  const { checkSameBenchmark, readBenchRun } = await import('../../../jobs/bench/index.ts');
  const runs = await Promise.all((await pathsOf(ids, runsDir)).map(path => readBenchRun(path)));
  checkSameBenchmark(runs);
  return runs;
}

async function score(id: string, { json, runsDir, parser, failOn }: ScoreOptions, io: CliIo): Promise<void> {
  const gates = failOn.map(parseGate);
  for (const gate of gates) checkGatePath(gate, toJsonSchema(benchScoreSchema, 'output'));
  const { readBenchRun, scoreRun } = await import('../../../jobs/bench/index.ts');
  const { path } = await findRun(id, runsDir, BENCH);
  const run = await readBenchRun(path);
  const [scored] = scoreRun(run, parser).map(model => model.score);
  if (scored === undefined) throw new BiolensError('input', `${run.record.id}: no question has been answered yet`);
  if (json) printJson(io, { schema: 'biolens/bench-score@1', run: run.record.id, ...scored });
  else io.out(describeScore(scored));
  checkGates(scored, gates);
}

async function compare(ids: readonly string[], options: CompareOptions, io: CliIo): Promise<void> {
  const { compareModels, scoreRun } = await import('../../../jobs/bench/index.ts');
  const runs = await readRuns(ids, options.runsDir);
  const comparison = compareModels(
    runs.flatMap(run => scoreRun(run, options.parser)),
    { published: options.published },
  );
  if (options.json) printJson(io, { schema: 'biolens/bench-comparison@1', ...comparison });
  else io.out(describeComparison(comparison));
}

async function formatForHarness(
  ids: readonly string[],
  format: HarnessFormat,
  { published, json, runsDir, parser }: ExportOptions,
): Promise<string> {
  const [id, ...more] = ids;
  if (id === undefined || more.length > 0 || published || json)
    throw new BiolensError('usage', `--format ${format} takes one run, without --published and --json`);
  const bench = await import('../../../jobs/bench/index.ts');
  const { path } = await findRun(id, runsDir, BENCH);
  const replies: OwnReplies = bench.ownReplies(await bench.readBenchRun(path), parser);
  switch (format) {
    case 'inspect':
      return bench.formatInspectLog(replies);
    case 'lmms-eval':
      return bench.formatLmmsResults(replies);
    case 'lmms-eval-samples':
      return bench.formatLmmsSamples(replies);
    default:
      return format satisfies never;
  }
}

async function formatRows(ids: readonly string[], format: LeaderboardFormat, options: ExportOptions): Promise<string> {
  const { formatLeaderboard, leaderboard, scoreRun } = await import('../../../jobs/bench/index.ts');
  const runs = await readRuns(ids, options.runsDir);
  const rows = leaderboard(
    runs.flatMap(run => scoreRun(run, options.parser).map(model => model.score)),
    { published: options.published ?? false },
  );
  return formatLeaderboard(rows, options.json ? 'json' : format);
}

async function exportRuns(ids: readonly string[], options: ExportOptions, io: CliIo): Promise<void> {
  const { format, output } = options;
  const text = await (isHarness(format) ? formatForHarness(ids, format, options) : formatRows(ids, format, options));
  if (output === undefined) return io.out(text);
  const { writeAtomically } = await import('../../../ground/disk.ts');
  await writeAtomically(output, text);
}

async function merge(ids: readonly string[], { json, runsDir, name, root }: MergeOptions, io: CliIo): Promise<void> {
  const [{ mergeRuns }, { freezeRun }] = await Promise.all([
    import('../../../jobs/bench/index.ts'),
    import('../../pages/index.ts'),
  ]);
  const { id, path, report, answers, duplicates, conflicts } = await mergeRuns(await pathsOf(ids, runsDir), {
    runsDir,
    name,
  });
  const page = await freezeRun(path, { roots: root.length === 0 ? ['.'] : root });
  if (json) return printJson(io, { schema: 'biolens/bench-merge@1', run: id, answers, duplicates, conflicts });
  io.out(describeBench(report));
  if (duplicates > 0)
    io.out(`\n${duplicates} answers were in more than one run, ${conflicts} of them different; the first was taken.\n`);
  io.out(`\nReport: ${printable(page)}\n${answers} answers are in run ${id}.\n`);
}

function addReadOptions(command: Command): Command {
  return command
    .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
    .option('--json', 'print the result as JSON on standard output');
}

function addParserOption(command: Command): Command {
  return command.addOption(
    new Option('--parser <name>', 'strict takes nothing but a clear answer; official is the rule of the release')
      .choices(['strict', 'official'])
      .default('strict'),
  );
}

const RUNS = 'ids of bench runs, or parts of them that no other has, or "latest"';

/** `biolens bench merge`, `score`, `compare` and `export` */
export function registerBenchResults(program: Command, io: CliIo): void {
  const bench = groupOf(program, 'bench');
  addExamples(
    addReadOptions(
      bench.command('merge').description('make one run of the answers of several, such as shards'),
    ).argument('<runs...>', RUNS),
    'biolens bench merge specialist-zero-shot-1-of-2 specialist-zero-shot-2-of-2',
  )
    .option('--name <name>', "end of the new run's name (default: merged)")
    .addOption(rootOption('folder whose images the report may show'))
    .action((ids: readonly string[], options: MergeOptions) => merge(ids, options, io));

  addExamples(
    addParserOption(
      addReadOptions(
        bench.command('score').description('score the replies of a bench run again, also one that is not done'),
      ),
    )
      .argument('<run>', 'id of a bench run, or a part of it that no other has, or "latest"')
      .addOption(gateOption('overall<0.5')),
    'biolens bench score latest --parser official',
    "biolens bench score latest --json --fail-on 'overall.interval.low<0.5'",
  ).action((id: string, options: ScoreOptions) => score(id, options, io));

  addExamples(
    addParserOption(addReadOptions(bench.command('compare').description('which differences between models are real')))
      .argument('[runs...]', `${RUNS}; none: the published rows with each other`)
      .option('--no-published', 'leave out the 28 published models and two baselines')
      .option('--published', 'with them (the default)'),
    'biolens bench compare',
    'biolens bench compare qwen specialist --no-published',
  ).action((ids: readonly string[], options: CompareOptions) => compare(ids, options, io));

  addExamples(
    addParserOption(
      addReadOptions(
        bench.command('export').description('write a leaderboard, or a run as a log of Inspect or lmms-eval'),
      ),
    )
      .argument('[runs...]', RUNS)
      .option('--published', 'with the 28 published models and two baselines')
      .addOption(
        new Option('--format <format>', 'what it is written as (--json: json)')
          .choices(['csv', 'json', 'markdown', 'latex', ...HARNESS_FORMATS])
          .default('markdown'),
      )
      .option('-o, --output <file>', 'the file to write (default: standard output)'),
    'biolens bench export --published --format latex',
    'biolens bench export latest --format csv -o leaderboard.csv',
    'biolens bench export latest --format inspect -o log.json',
  ).action((ids: readonly string[], options: ExportOptions) => exportRuns(ids, options, io));
}
