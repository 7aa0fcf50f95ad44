import { basename } from 'node:path';
import { answerSchema } from '../../ground/contracts/bench.ts';
import { type BenchReport, benchReportSchema } from '../../ground/contracts/bench-report.ts';
import { missingMetric } from '../../ground/contracts/metric.ts';
import type { BiolensError } from '../../ground/errors.ts';
import {
  defineJob,
  type JobEvent,
  type JobNews,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import type { AskSettings } from './ask/settings.ts';
import { type BenchConfigurationInput, benchConfigurationSchema, nameOfRun } from './run/configuration.ts';
import { describeBench } from './run/describe.ts';
import type { BenchStep } from './run/open.ts';
import { questionImages } from './run/question-images.ts';
import { scoreOf, scoreView } from './run/score-view.ts';

const STAGES = { reading: 'reading images', answer: 'asking', linting: 'checking images' } as const;

function tell(event: BenchStep): JobNews | null {
  switch (event.type) {
    case 'batch':
    case 'warning':
      return { type: 'note', text: event.message };
    case 'pause':
      return { type: 'note', text: `waiting ${Math.ceil(event.waitMs / 1000)} s: ${event.message}` };
    case 'waiting':
      return { type: 'progress', stage: 'waiting for batches', done: event.finished, total: event.total };
    case 'reading':
    case 'answer':
    case 'linting':
      return { type: 'progress', stage: STAGES[event.type], done: event.done, total: event.total };
    default:
      return null;
  }
}

/** What to type to go on with a run that ended early; null where that does not help. */
function remedy({ code, details }: BiolensError, id: string): string | null {
  // What is wrong with the benchmark stays wrong on going on; a key or an address may be right by then.
  if (code === 'input' && details.kind === undefined) return null;
  if (details.budget === 'token-budget') return `biolens bench resume ${id} --budget-tokens N resumes the run`;
  if (details.budget === 'money-budget') return `biolens bench resume ${id} --budget-dollars N resumes the run`;
  if (details.batches !== undefined) return `biolens bench resume ${id} collects them`;
  return `biolens runs resume ${id} resumes the run`;
}

/** Puts a benchmark to a model, answer by answer; when all is answered the replies are scored. */
export const benchJob = defineJob({
  kind: 'bench',
  verb: 'bench run',
  noun: 'bench run',
  summary: 'put a benchmark to a model and score the replies',
  configuration: benchConfigurationSchema,
  report: benchReportSchema,
  items: answerSchema,
  sharded: true,
  examples: [
    'biolens bench run --from facexbench',
    'biolens bench run --from facexbench --model ollama:llava --setting in-context',
    'biolens bench run --from facexbench --model anthropic:claude-sonnet-4-5 --batch --no-wait',
    "biolens bench run --from facexbench --model openai:gpt-4o --price 2.5,10 --budget-dollars 5 --json --fail-on 'overall<0.5'",
  ],
  gateExample: 'overall<0.5',
  nameOf: nameOfRun,
  async *open(configuration, context) {
    const { openBench } = await import('./run/open.ts');
    return yield* openBench(configuration, context);
  },
  news: () => ({ tell }),
  describe: describeBench,
  titleOf: ({ model, from, setting }) =>
    typeof model === 'string' && typeof from === 'string'
      ? `Benchmark of ${model} on ${basename(from)}, ${setting}`
      : null,
  images: questionImages,
  headline: report => ({
    label: 'accuracy',
    metric: scoreOf(report, 'strict')?.overall ?? missingMetric('no question was put'),
    unit: 'share',
    // How good an accuracy is depends on the benchmark.
    level: 'unknown',
  }),
  result: scoreView,
  async compare(runs) {
    const { compareFinished } = await import('./run/compare-finished.ts');
    return await compareFinished(runs.map(({ path }) => path));
  },
  remedy,
});

/** What a bench run says while it works. */
export type BenchEvent = JobEvent<BenchStep, BenchReport>;
export type BenchRunOptions = RunJobOptions;

/** What may be other than it was when a run is resumed: nothing that decides an answer. */
export type ResumeChanges = Partial<
  Pick<
    AskSettings,
    | 'concurrency'
    | 'maxTokens'
    | 'maxDollars'
    | 'price'
    | 'timeoutMs'
    | 'attempts'
    | 'retryErrors'
    | 'pollMs'
    | 'wait'
    | 'cancel'
  >
>;

/**
 * Puts a benchmark to a model as a run; see {@link startJob}. A run that uses up its budget ends as `interrupted`, one in an outage as
 * `external`; both can be resumed.
 *
 * @param input what to ask whom and how; defaults are those of `benchConfigurationSchema`
 *
 * @example
 * ```ts
 * for await (const event of benchRun({ from: 'facexbench', model: 'specialist' })) {
 *   if (event.type === 'result') console.log(event.report.scores[0]?.overall);
 * }
 * ```
 */
export const benchRun = (
  input: BenchConfigurationInput,
  options?: BenchRunOptions,
): AsyncGenerator<BenchEvent, BenchReport> => startJob(benchJob, input, options);

/**
 * Goes on with a bench run that was interrupted, failed or ran out of its budget; see {@link resumeJob}. What was answered is not asked
 * again.
 *
 * @throws {BiolensError} `input` when the benchmark has changed
 */
export const resumeBench = (
  path: string,
  options?: Omit<ResumeJobOptions, 'changes'> & { readonly changes?: ResumeChanges },
): AsyncGenerator<BenchEvent, BenchReport> => resumeJob(benchJob, path, options);
