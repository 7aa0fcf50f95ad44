import type { z } from 'zod';
import type { Metric, RunRecord } from '../../ground/contracts/index.ts';
import type { BiolensError } from '../../ground/errors.ts';
import type { Run } from '../runs/index.ts';
import { fieldsOf } from './field.ts';
import type { ReportImages } from './report-images.ts';

/** What a job says while it works, for whoever follows it: how far a stage is, or something worth a line. */
export type JobNews =
  | { readonly type: 'progress'; readonly stage: string; readonly done: number; readonly total: number | null }
  | { readonly type: 'note'; readonly text: string };

/** What a job would do, as far as it can be told before it is done. */
export interface JobPlan {
  /** What is read, each with how much there is of it, such as `700 images`. */
  readonly reads: readonly { readonly what: string; readonly path: string; readonly amount: string }[];
  /** What is written beside the run's folder. */
  readonly writes: readonly { readonly what: string; readonly path: string }[];
  /** Seconds that it takes, about; null where that depends on others, and `basis` says on what. */
  readonly seconds: number | null;
  /** Where the estimate of the time is from. */
  readonly basis: string;
  /** Bytes of memory that the work cannot do without; null where that is little. */
  readonly memoryBytes: number | null;
}

/** A job whose input has been opened and found right. */
export interface OpenedJob<C, E, R> extends AsyncDisposable {
  /** As it is recorded: nothing is left to be decided. */
  readonly configuration: C;
  readonly plan: JobPlan;
  /** Does the work from where the run stands, and returns the report. */
  work(run: Run): AsyncGenerator<E, R>;
  /** Tidies the run's folder when the report is safe. */
  finish?(run: Run): Promise<void>;
}

/** What a job is given besides its configuration. */
export interface OpenContext {
  readonly signal?: AbortSignal | undefined;
  /** Environment variables, for keys of hosted models. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Sends requests; tests pass their own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The run that is resumed; null for a new one. */
  readonly record: RunRecord | null;
  /** Fields marked `changeable` that are other than they are in the record. */
  readonly changes: Readonly<Record<string, unknown>>;
}

/** The number that a list of runs shows, and whether it is good. */
export interface Headline {
  readonly label: string;
  readonly metric: Metric;
  /** How a number reads: a share is shown in per cent. */
  readonly unit: 'share' | 'number';
  readonly level: 'good' | 'warning' | 'bad' | 'unknown';
}

const WORST_FIRST = ['bad', 'warning', 'unknown', 'good'] as const satisfies readonly Headline['level'][];

/** The level of a verdict: that of its worst finding. */
export function worstLevel(verdict: readonly { readonly level: string }[]): Headline['level'] {
  return WORST_FIRST.find(level => verdict.some(finding => finding.level === level)) ?? 'unknown';
}

/** The result of a job as programs take it, where that is not the whole report. */
export interface ResultView<R> {
  readonly schema: z.ZodType;
  /** Choices of a view, declared as fields. */
  readonly options: z.ZodObject;
  of(report: R, context: { readonly run: string; readonly options: Readonly<Record<string, unknown>> }): unknown;
}

/** A difference between two runs that a job tells from the items that both have. */
export interface PairedDifference {
  /** Position of the later run among those compared; the other one is the first. */
  readonly run: number;
  /** Dotted path of the metric in the result. */
  readonly path: string;
  /** Value of the later run less that of the first. */
  readonly difference: Metric;
  readonly p: number | null;
  /** Such as `mcnemar-exact`. */
  readonly test: string;
}

/** What a job says of several of its runs. */
export interface JobComparison {
  /** For a terminal of 80 columns. */
  readonly text: string;
  readonly json: unknown;
  /** Differences from the first run by shared items. */
  readonly pairs?: readonly PairedDifference[];
  /** What must be known before the differences are believed. */
  readonly cautions?: readonly string[];
}

/** A finished run of a job. */
export interface Finished<R> {
  readonly id: string;
  readonly path: string;
  readonly report: R;
}

/**
 * A job, declared once. Its verb and help, `--config` and `--dry-run`, resuming and repeating, the forms and routes of the studio, the tools
 * of an assistant, its JSON Schemas and its page in the reference are made from this.
 */
export interface Job<
  C extends z.ZodObject = z.ZodObject,
  R = unknown,
  E extends { readonly type: string } = { readonly type: string },
> {
  /** Name in `run.json`; never changes. */
  readonly kind: string;
  /** Words after `biolens`, such as `study bias-by-size`. */
  readonly verb: string;
  /** What people call it, such as `audit` or `bench run`. */
  readonly noun: string;
  /** Half a sentence. */
  readonly summary: string;
  /** Every field is declared with `field`, or is an object of such fields. */
  readonly configuration: C;
  /** Told apart by the literal in its field `schema`. */
  readonly report: z.ZodType<R> & { readonly shape: { readonly schema: z.ZodLiteral<string> } };
  /** One line of `items.jsonl`. */
  readonly items: z.ZodType;
  /** Command lines that work, the first with the least that is needed. */
  readonly examples: readonly string[];
  /**
   * The items can be made by several processes, each in a part of them: the work passes them through `resumeItems`, or asks the run's
   * `share` which it is to make.
   */
  readonly sharded?: true;
  /** A condition that `--fail-on` takes. */
  readonly gateExample: string;
  /** End of the run's name where the user gives none. */
  nameOf(configuration: z.output<C>): string;
  /**
   * Checks all that can be checked before work, reading as little as that takes, and returns the work.
   *
   * @throws {BiolensError} `usage` or `input` naming the field or file
   */
  open(configuration: z.output<C>, context: OpenContext): AsyncGenerator<E, OpenedJob<z.output<C>, E, R>>;
  /** Makes news of events; a new one for each run, since it may remember. */
  news(): { tell(event: E): JobNews | null };
  /** The report for a terminal of 80 columns. */
  describe(report: R): string;
  /** Lines under the description: where the results lie. */
  epilogue?(finished: Finished<R> & { readonly configuration: z.output<C> }): string;
  headline(report: R): Headline;
  readonly result?: ResultView<R>;
  /** What a run is about, in a few words for the list of runs; by default its id. */
  titleOf?(configuration: Readonly<Record<string, unknown>>): string | null;
  readonly images?: ReportImages<R>;
  /** Several finished runs side by side, where a job knows more than a table of headlines. */
  compare?(runs: readonly Finished<R>[]): Promise<JobComparison>;
  /** What of a recorded configuration makes the same run anew; by default all of it. */
  repeatable?(configuration: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** Whether going on can help after an error, and how; by default for what was interrupted. */
  remedy?(error: BiolensError, id: string): string | null;
}

/**
 * Declares a job.
 *
 * @throws {TypeError} for a field without a declaration, so that no setting can be forgotten by what is made from them
 */
export function defineJob<C extends z.ZodObject, R, E extends { readonly type: string }>(
  job: Job<C, R, E>,
): Job<C, R, E> {
  const known = new Set(fieldsOf(job.configuration).map(({ path }) => path[0]));
  const forgotten = Object.keys(job.configuration.shape).find(name => !known.has(name));
  if (forgotten !== undefined) throw new TypeError(`job ${job.kind}: the field "${forgotten}" is not declared`);
  return job;
}
