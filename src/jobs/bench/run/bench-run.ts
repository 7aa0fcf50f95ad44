import type { Question } from '../../../ground/contracts/bench.ts';
import { type BenchReport, benchReportSchema, type LintReport } from '../../../ground/contracts/bench-report.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { carryOut, createRun, openRun, type Run, readRunRecord } from '../../../kit/runs/index.ts';
import type { OpenModelOptions } from '../../../kit/vlm/index.ts';
import {
  type Answerer,
  type AskEvent,
  type AskSettings,
  askAll,
  askSettings,
  type BudgetStop,
  journalOf,
  latestAnswers,
} from '../ask/index.ts';
import { lintBenchmark } from '../lint/lint.ts';
import { type Benchmark, digestQuestions, openBenchmark } from '../read/benchmark.ts';
import { writeQuestionLines } from '../read/jsonl.ts';
import { buildBenchReport } from '../report.ts';
import { withDigests } from '../score/digests.ts';
import { openAnswerer } from '../specialist/index.ts';
import {
  type BenchConfiguration,
  type BenchConfigurationInput,
  nameOfRun,
  parseBenchConfiguration,
} from './configuration.ts';
import { QUESTIONS_FILE } from './read-run.ts';

/** What a bench run says while it works. */
export type BenchEvent =
  | { readonly type: 'run'; readonly id: string; readonly path: string }
  /** Questions whose pictures have been read once, to know shared ones as shared. */
  | { readonly type: 'reading'; readonly done: number; readonly total: number }
  | AskEvent
  /** Pictures that the linter has opened. */
  | { readonly type: 'linting'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly id: string; readonly path: string; readonly report: BenchReport };

export interface BenchRunOptions extends Pick<OpenModelOptions, 'environment' | 'fetch'> {
  /** Where runs go; `runs` in the current folder by default. */
  readonly runsDir?: string | undefined;
  /** Ends the name of the run's folder; by default the model's name and the setting. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What may be other than it was when a run is gone on with: nothing that decides an answer. */
export type ResumeChanges = Partial<
  Pick<AskSettings, 'concurrency' | 'maxTokens' | 'maxDollars' | 'price' | 'timeoutMs' | 'attempts' | 'retryErrors'>
>;

/** Everything that can be wrong before the first question is put, opened and checked. */
interface Prepared {
  readonly configuration: BenchConfiguration;
  readonly settings: AskSettings;
  readonly benchmark: Benchmark;
  readonly questions: readonly Question[];
  readonly answerer: Answerer;
}

async function prepare(
  configuration: BenchConfiguration,
  { signal, environment, fetch, changes = {} }: BenchRunOptions & { readonly changes?: ResumeChanges },
): Promise<Prepared> {
  const { from, model, lint: _, mergedFrom: __, ...rest } = configuration;
  const settings = askSettings({ ...rest, ...changes });
  const benchmark = await openBenchmark(from);
  const questions = await Array.fromAsync(benchmark.questions({ signal }));
  if (questions.length === 0) throw new BiolensError('input', `${from}: there are no questions`);
  const answerer = openAnswerer(model, { settings, questions, environment, fetch });
  return { configuration, settings, benchmark, questions, answerer };
}

/** The questions with the digests of their pictures, held against those that the run began with. */
async function* readQuestions(
  run: Run,
  { benchmark, questions, configuration }: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<BenchEvent, Question[]> {
  const found: Question[] = [];
  for await (const question of withDigests(questions, benchmark.images, { signal })) {
    found.push(question);
    yield { type: 'reading', done: found.length, total: questions.length };
  }
  const digest = digestQuestions(found);
  const known = run.record.provenance.digests.benchmark;
  if (known === undefined) {
    await writeQuestionLines(await run.artifactPath(QUESTIONS_FILE), found);
    await run.note({ digests: { benchmark: digest } });
  } else if (known !== digest)
    throw new BiolensError('input', `${configuration.from}: the benchmark is not what it was when the run began`);
  return found;
}

const BUDGETS: Readonly<Record<BudgetStop, string>> = {
  'token-budget': 'token budget',
  'money-budget': 'budget in dollars',
};

async function* ask(
  run: Run,
  { settings, benchmark, answerer }: Prepared,
  { questions, signal }: { readonly questions: readonly Question[]; readonly signal: AbortSignal | undefined },
): AsyncGenerator<BenchEvent, void> {
  const options = { questions, images: benchmark.images, answerer, journal: journalOf(run), settings, signal };
  for await (const event of askAll(options)) {
    yield event;
    if (event.type !== 'finished' || event.reason === 'complete') continue;
    const { reason, done, total } = event;
    const message = `the ${BUDGETS[reason]} is used up after ${done} of ${total} answers`;
    throw new BiolensError('interrupted', message, { details: { budget: reason, done, total } });
  }
}

async function* lint(
  { benchmark, configuration }: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<BenchEvent, LintReport | null> {
  if (!configuration.lint) return null;
  let report: LintReport | null = null;
  for await (const event of lintBenchmark(benchmark, { signal })) {
    if (event.type === 'report') report = event.report;
    else yield { type: 'linting', done: event.done, total: event.total };
  }
  return report;
}

/** Does the work of a run and ends it: as done, as interrupted, or as failed with the reason. */
async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<BenchEvent, BenchReport> {
  const report = yield* carryOut(run, async function* (): AsyncGenerator<BenchEvent, BenchReport> {
    const questions = yield* readQuestions(run, prepared, signal);
    yield* ask(run, prepared, { questions, signal });
    const findings = yield* lint(prepared, signal);
    return benchReportSchema.parse(
      buildBenchReport({
        benchmark: { source: prepared.configuration.from, format: prepared.benchmark.format },
        questions,
        answers: await latestAnswers(journalOf(run).items()),
        lint: findings,
      }),
    );
  });
  yield { type: 'result', id: run.id, path: run.path, report };
  return report;
}

/**
 * Puts a benchmark to a model as a run: a folder that can be killed at any instant and resumed, answer by answer. When all is
 * answered the replies are scored, and `report.json` written.
 *
 * @param input what to ask whom and how; defaults are those of `benchConfigurationSchema`
 * @returns events, and at the end the report
 * @throws BiolensError `usage` or `input` naming the field, file or question; `external` in an outage; `interrupted` when the
 * signal is aborted or a budget is used up. All but the first two leave a run that can be resumed
 *
 * @example
 * ```ts
 * for await (const event of benchRun({ from: 'facexbench', model: 'specialist' })) {
 *   if (event.type === 'result') console.log(event.report.scores[0]?.overall);
 * }
 * ```
 */
export async function* benchRun(
  input: BenchConfigurationInput,
  options: BenchRunOptions = {},
): AsyncGenerator<BenchEvent, BenchReport> {
  const { runsDir, signal } = options;
  const prepared = await prepare(parseBenchConfiguration(input), options);
  try {
    const { configuration } = prepared;
    const run = await createRun({
      kind: 'bench',
      name: options.name ?? nameOfRun(configuration),
      configuration,
      seed: configuration.seed,
      ...(runsDir === undefined ? {} : { runsDir }),
    });
    return yield* workOn(run, prepared, signal);
  } finally {
    await prepared.answerer.close?.();
  }
}

/**
 * Goes on with a bench run that was interrupted, failed or ran out of its budget: what was answered is not asked again.
 *
 * @param path the run's folder
 * @throws BiolensError `usage` when the run is done, is no bench run or is worked on by another process; `input` when the
 * benchmark has changed; otherwise as `benchRun`
 */
export async function* resumeBench(
  path: string,
  options: Omit<BenchRunOptions, 'runsDir' | 'name'> & { readonly changes?: ResumeChanges } = {},
): AsyncGenerator<BenchEvent, BenchReport> {
  const record = await readRunRecord(path);
  if (record.kind !== 'bench')
    throw new BiolensError('usage', `${path}: expected a bench run, got a run of ${record.kind}`);
  const prepared = await prepare(parseBenchConfiguration(record.configuration), options);
  try {
    return yield* workOn(await openRun(path), prepared, options.signal);
  } finally {
    await prepared.answerer.close?.();
  }
}
