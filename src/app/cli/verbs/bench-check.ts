import type { Command } from 'commander';
import { z } from 'zod';
import { lintReportSchema, type Question } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { checkGatePath, checkGates, parseGate, toJsonSchema } from '../../../kit/job/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { describeLint, describeStats } from '../describe-benchmark.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { writeLintPage } from '../lint-page.ts';
import { addExamples, gateOption, repeated } from '../options.ts';
import { printJson, work } from '../work.ts';

interface StatsOptions {
  readonly from?: string;
  readonly json?: boolean;
}

interface LintVerbOptions extends StatsOptions {
  readonly pictures: boolean;
  readonly rule: readonly string[];
  readonly failOn: readonly string[];
  readonly page?: string;
}

/** The benchmark that is meant: `--from`, or the argument that was there before it. */
function benchmarkOf(dir: string | undefined, from: string | undefined): string {
  if (dir !== undefined && from !== undefined)
    throw new BiolensError('usage', `--from ${from}: the benchmark is given already, as ${dir}`);
  const path = from ?? dir;
  if (path === undefined) throw new BiolensError('usage', '--from is missing');
  return path;
}

/** Problems that are told one by one; a damaged file can have millions. */
const MOST_PROBLEMS = 1000;

async function stats(dir: string | undefined, { from, json }: StatsOptions, io: CliIo): Promise<void> {
  const path = benchmarkOf(dir, from);
  const { countQuestions, openBenchmark, withDigests } = await import('../../../jobs/bench/index.ts');
  const benchmark = await openBenchmark(path);
  const problems: string[] = [];
  let more = 0;
  const leftOut = new Map<string, number>();
  const counted = await work(io, async ({ signal, progress }) => {
    const onProblem = ({ message }: { readonly message: string }): void => {
      if (problems.length < MOST_PROBLEMS) problems.push(message);
      else more++;
    };
    const onLeftOut = (kind: string): void => void leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1);
    const questions = await Array.fromAsync(benchmark.questions({ signal, onProblem, onLeftOut }));
    let done = 0;
    async function* counting(): AsyncGenerator<Question> {
      for await (const question of withDigests(questions, benchmark.images, { signal })) {
        done++;
        progress.update({ stage: 'reading images', done, total: questions.length });
        yield question;
      }
    }
    return await countQuestions(counting());
  });
  if (more > 0) problems.push(`and ${more.toLocaleString('en-US')} more`);
  if (json) return printJson(io, { schema: 'biolens/bench-stats@1', ...counted, problems });
  io.out(describeStats(counted));
  for (const [kind, n] of leftOut) io.err(`left out: ${n.toLocaleString('en-US')} ${kind}\n`);
  for (const problem of problems) io.err(`left out: ${printable(problem)}\n`);
}

const count = z.number().int();
/** What `bench lint --json` prints, and what its gates are about. */
const lintResultSchema = lintReportSchema.extend({
  schema: z.literal('biolens/bench-lint@1'),
  bySeverity: z.object({ error: count, warning: count, info: count }),
  /** Questions with a finding. */
  flagged: count,
});

async function lint(dir: string | undefined, options: LintVerbOptions, io: CliIo): Promise<void> {
  const path = benchmarkOf(dir, options.from);
  const gates = options.failOn.map(parseGate);
  for (const gate of gates) checkGatePath(gate, toJsonSchema(lintResultSchema, 'output'));
  const { flaggedQuestions, lintBenchmark, openBenchmark } = await import('../../../jobs/bench/index.ts');
  const benchmark = await openBenchmark(path);
  const { pictures, rule, page } = options;
  const report = await work(io, async ({ signal, progress }) => {
    const events = lintBenchmark(benchmark, { pictures, signal, ...(rule.length === 0 ? {} : { rules: rule }) });
    for await (const event of events) {
      if (event.type === 'report') {
        if (page !== undefined) await writeLintPage(page, { benchmark, source: path, lint: event.report });
        return event.report;
      }
      progress.update({ stage: 'checking images', done: event.done, total: event.total });
    }
    return null;
  });
  if (report === null) return;
  const bySeverity = { error: 0, warning: 0, info: 0 };
  for (const { severity } of report.findings) bySeverity[severity]++;
  const flagged = flaggedQuestions(report.findings).size;
  const result: z.infer<typeof lintResultSchema> = { schema: 'biolens/bench-lint@1', ...report, bySeverity, flagged };
  if (options.json) printJson(io, result);
  else io.out(describeLint(report, flagged));
  if (page !== undefined && !options.json) io.out(`\nPage: ${printable(page)}\n`);
  checkGates(result, gates);
}

const DIR = 'a FaceXBench folder, Parquet files of the same columns, questions in JSONL, Face-Human-Bench or FaceBench';

/** `biolens bench stats` and `biolens bench lint` */
export function registerBenchCheck(program: Command, io: CliIo): void {
  const bench = groupOf(program, 'bench');
  addExamples(
    bench
      .command('stats')
      .description('count the questions of a benchmark and compare with the published tables')
      // Without a description it is not shown: the former way to say --from.
      .argument('[dir]')
      .usage('--from <dir> [options]')
      .option('--from <dir>', DIR)
      .option('--json', 'print the result as JSON on standard output'),
    'biolens bench stats --from facexbench',
  ).action((dir: string | undefined, options: StatsOptions) => stats(dir, options, io));

  addExamples(
    bench
      .command('lint')
      .description('find defects in the questions and images of a benchmark')
      // Without a description it is not shown: the former way to say --from.
      .argument('[dir]')
      .usage('--from <dir> [options]')
      .option('--from <dir>', DIR)
      .option('--no-pictures', 'do not open the images')
      .option('--page <file>', 'write what was found as a page, one file without a network')
      .addOption(repeated('--rule <id>', 'run this rule only; may be repeated', 'all'))
      .addOption(gateOption('bySeverity.error>0'))
      .option('--json', 'print the result as JSON on standard output'),
    'biolens bench lint --from facexbench',
    "biolens bench lint --from facexbench --no-pictures --json --fail-on 'bySeverity.error>0'",
  ).action((dir: string | undefined, options: LintVerbOptions) => lint(dir, options, io));
}
