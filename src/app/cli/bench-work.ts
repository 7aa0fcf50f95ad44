import type { BenchReport, BenchScore } from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import type { BenchEvent, ParserName, ResumeChanges } from '../../jobs/bench/index.ts';
import { describeBench } from './describe-bench.ts';
import { followRun, parseRecorded } from './follow-run.ts';
import { checkGates, type Gate } from './gate.ts';
import { type CliIo, printable } from './io.ts';
import type { ProgressView } from './progress.ts';
import { printJson } from './work.ts';

export interface BenchWorkOptions {
  readonly json?: boolean;
  readonly gates?: readonly Gate[];
  /** Of the score that is printed as JSON and that the gates are held against; strict by default. */
  readonly parser?: ParserName;
}

const STAGES = { reading: 'reading pictures', answer: 'asking', linting: 'checking pictures' } as const;

function show(event: BenchEvent, progress: ProgressView): void {
  if (event.type === 'warning') progress.note(printable(event.message));
  else if (event.type === 'pause')
    progress.note(`waiting ${Math.ceil(event.waitMs / 1000)} s: ${printable(event.message)}`);
  else if (event.type === 'reading' || event.type === 'answer' || event.type === 'linting')
    progress.update({ stage: STAGES[event.type], done: event.done, total: event.total });
}

/** What to type to go on with a run that ended early. */
function howToGoOn(error: BiolensError, id: string): string {
  const { budget } = error.details;
  if (budget === 'token-budget') return `biolens bench resume ${id} --budget-tokens N goes on`;
  if (budget === 'money-budget') return `biolens bench resume ${id} --budget-dollars N goes on`;
  return `biolens runs resume ${id} goes on`;
}

function explainEnd(error: BiolensError, id: string): BiolensError {
  const { code, details } = error;
  // What is wrong with the benchmark is not mended by going on; a key or an address is.
  if (code === 'input' && details.kind === undefined) return error;
  return new BiolensError(code, `${messageOf(error)}; ${howToGoOn(error, id)}`, { details, cause: error });
}

/** Follows a bench run to its end: progress, the page, the result as text or JSON, the gates. */
export async function followBench(
  start: (signal: AbortSignal) => AsyncIterable<BenchEvent>,
  io: CliIo,
  { json = false, gates = [], parser = 'strict' }: BenchWorkOptions,
): Promise<void> {
  const { report, page, id } = await followRun(start, io, { what: 'benchmark', show, explain: explainEnd });
  const score = scoreOf(report, parser);
  if (json) printScore(io, { run: id, score });
  else {
    io.out(describeBench(report));
    io.out(`\nReport: ${page}\nbiolens studio shows it (run ${id}).\n`);
  }
  checkGates(score, gates);
}

function scoreOf({ scores }: BenchReport, parser: ParserName): BenchScore {
  const score = scores.find(one => one.parser === parser);
  if (score === undefined) throw new BiolensError('external', 'the report has no score: no question was put');
  return score;
}

/** Prints a score as JSON with the run that it is of. */
export function printScore(io: CliIo, { run, score }: { readonly run: string; readonly score: BenchScore }): void {
  printJson(io, { schema: 'biolens/bench-score@1', run, ...score });
}

/** Goes on with an interrupted bench run. */
export async function resumeBenchWork(
  path: string,
  io: CliIo,
  options: BenchWorkOptions & { readonly changes?: ResumeChanges },
): Promise<void> {
  const { resumeBench } = await import('../../jobs/bench/index.ts');
  const { changes = {} } = options;
  await followBench(signal => resumeBench(path, { signal, environment: io.env, changes }), io, options);
}

/** Repeats a bench run from its recorded configuration. */
export async function rerunBenchWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: BenchWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { benchConfigurationSchema, benchRun } = await import('../../jobs/bench/index.ts');
  const recorded = parseRecorded(benchConfigurationSchema, configuration);
  const { mergedFrom: _, ...repeated } = recorded;
  const { runsDir } = options;
  await followBench(signal => benchRun(repeated, { signal, runsDir, environment: io.env }), io, options);
}
