import { existsSync } from 'node:fs';
import { type Answer, answerSchema, type Question } from '../../../ground/contracts/bench.ts';
import { type BenchReport, benchReportSchema, type LintReport } from '../../../ground/contracts/bench-report.ts';
import { readJsonFile } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import { absorbShards, type Run, ShareOver } from '../../../kit/runs/index.ts';
import { type BatchClient, openBatches } from '../../../kit/vlm/index.ts';
import {
  type Answerer,
  type AskEvent,
  type AskSettings,
  answerKey,
  askAll,
  askSettings,
  type BudgetStop,
  journalOf,
  latestAnswers,
} from '../ask/index.ts';
import { askInBatches } from '../batch/ask-in-batches.ts';
import { BATCHES_FILE, type BookShelf } from '../batch/batch-book.ts';
import { lintBenchmark } from '../lint/lint.ts';
import { type Benchmark, digestQuestions, openBenchmark } from '../read/benchmark.ts';
import { writeQuestionLines } from '../read/jsonl.ts';
import { buildBenchReport } from '../report.ts';
import { withDigests } from '../score/digests.ts';
import { openAnswerer } from '../specialist/index.ts';
import type { BenchConfiguration } from './configuration.ts';
import { planBench } from './plan.ts';
import { QUESTIONS_FILE } from './read-run.ts';

/** What a bench run says between its beginning and its result. */
export type BenchStep =
  /** Questions whose images have been read once, to know shared ones as shared. */
  | { readonly type: 'reading'; readonly done: number; readonly total: number }
  | AskEvent
  /** Images that the linter has opened. */
  | { readonly type: 'linting'; readonly done: number; readonly total: number };

/** Everything that can be wrong before the first question is put, opened and checked. */
interface Prepared {
  readonly configuration: BenchConfiguration;
  readonly settings: AskSettings;
  readonly benchmark: Benchmark;
  readonly questions: readonly Question[];
  readonly answerer: Answerer;
  /** Null where questions are asked one by one. */
  readonly client: BatchClient | null;
}

/** The questions with the digests of their images, held against those that the run began with. */
async function* readQuestions(
  run: Run,
  { benchmark, questions, configuration }: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<BenchStep, Question[]> {
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

const MOST_BOOK_BYTES = 256 * 2 ** 20;

/** The artifacts of a run, as the place of the book of its batches. */
function shelfOf(run: Run): BookShelf {
  return {
    async read() {
      const path = await run.artifactPath(BATCHES_FILE);
      return existsSync(path) ? await readJsonFile(path, { mostBytes: MOST_BOOK_BYTES }) : undefined;
    },
    async write(text) {
      await run.writeArtifact(BATCHES_FILE, text);
    },
  };
}

async function* ask(
  run: Run,
  { settings, benchmark, answerer, client }: Prepared,
  { questions, signal }: { readonly questions: readonly Question[]; readonly signal: AbortSignal | undefined },
): AsyncGenerator<BenchStep, void> {
  const options = { questions, images: benchmark.images, answerer, journal: journalOf(run), settings, signal };
  const asking = client === null ? askAll(options) : askInBatches({ ...options, client, shelf: shelfOf(run) });
  for await (const event of asking) {
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
): AsyncGenerator<BenchStep, LintReport | null> {
  if (!configuration.lint) return null;
  let report: LintReport | null = null;
  for await (const event of lintBenchmark(benchmark, { signal })) {
    if (event.type === 'report') report = event.report;
    else yield { type: 'linting', done: event.done, total: event.total };
  }
  return report;
}

/** What holds for a whole run cannot hold for workers that know nothing of each other. */
function refuseSharing({ batch, maxTokens, maxDollars }: BenchConfiguration): void {
  if (batch) throw new BiolensError('usage', '"batch" sends all questions at once: it does not go with --plan');
  if (maxTokens !== null || maxDollars !== null)
    throw new BiolensError('usage', 'a budget would hold for each shard alone: it does not go with --plan');
}

/** Brings the answers of the run's shards into it. */
async function absorbAnswers(run: Run, keys: readonly string[]): Promise<void> {
  const answers = await latestAnswers(journalOf(run).items());
  const known = new Set(answers.filter(({ raw }) => raw !== null).map(answerKey));
  const wants = (answer: Answer): boolean => {
    const key = answerKey(answer);
    if (known.has(key)) return false;
    known.add(key);
    return true;
  };
  await absorbShards({ run, schema: answerSchema, keys, wants });
}

async function* work(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<BenchStep, BenchReport> {
  const questions = yield* readQuestions(run, prepared, signal);
  const keys = questions.map(({ id }) => id);
  if (run.share !== null) {
    refuseSharing(prepared.configuration);
    const mine = new Set(run.share.take(keys));
    yield* ask(run, prepared, { questions: questions.filter(({ id }) => mine.has(id)), signal });
    throw new ShareOver([...mine]);
  }
  await absorbAnswers(run, keys);
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
}

/** What is to be said before anything is asked. */
const warningOf = (message: string): BenchStep => ({
  type: 'warning',
  message,
  done: 0,
  total: null,
  spent: { inputTokens: 0, outputTokens: 0, dollars: null },
});

/** Opens the benchmark and the model of a bench run; see `benchJob`. */
export async function* openBench(
  given: BenchConfiguration,
  { signal, environment, fetch }: OpenContext,
): AsyncGenerator<BenchStep, OpenedJob<BenchConfiguration, BenchStep, BenchReport>> {
  // Neither belongs to the record of a run that asks: one is for this stretch alone, the other for what was merged.
  const { retryErrors, cancel, mergedFrom: _, ...configuration } = given;
  const { from, model, lint: __, ...rest } = configuration;
  const settings = askSettings({ ...rest, retryErrors, cancel });
  const benchmark = await openBenchmark(from);
  const leftOut = new Map<string, number>();
  const onLeftOut = (kind: string): void => void leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1);
  const questions = await Array.fromAsync(benchmark.questions({ signal, onLeftOut }));
  for (const [kind, n] of leftOut) yield warningOf(`${n.toLocaleString('en-US')} ${kind} are left out`);
  if (questions.length === 0) throw new BiolensError('input', `${from}: there are no questions`);
  const answerer = openAnswerer(model, { settings, questions, environment, fetch });
  const client = settings.batch ? openBatches(model, { environment, fetch }) : null;
  return {
    configuration,
    plan: planBench(configuration, questions, client),
    work: run => work(run, { configuration, settings, benchmark, questions, answerer, client }, signal),
    [Symbol.asyncDispose]: async () => {
      client?.close();
      await answerer.close?.();
    },
  };
}
