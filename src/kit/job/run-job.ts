import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { RunRecord } from '../../ground/contracts/index.ts';
import { readJsonFile } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import {
  carryOut,
  DEFAULT_RUNS_DIR,
  openRun,
  type Run,
  type RunStarted,
  readRunRecord,
  refuseDone,
  shardsFolder,
} from '../runs/index.ts';
import { checkWritable } from './check-writable.ts';
import type { Finished, Job, JobPlan, OpenContext, OpenedJob } from './declaration.ts';
import { contextOf, createJobRun, type EventOf, openJob, recordedConfiguration } from './open-job.ts';
import { parseConfiguration } from './parse-configuration.ts';

/** A run whose work is over and whose report is safe, with its record as it will be. */
export interface WorkedRun {
  readonly path: string;
  readonly record: RunRecord;
  readonly report: unknown;
}

interface Following {
  /**
   * Writes what has to be there when the run says that it is done, such as its page. A kill before that leaves a run that can be resumed and
   * whose work is not done again.
   */
  readonly beforeDone?: ((run: WorkedRun) => Promise<void>) | undefined;
}

export interface RunJobOptions extends Partial<Pick<OpenContext, 'signal' | 'environment' | 'fetch'>>, Following {
  /** Where runs go; `runs` in the current folder by default. */
  readonly runsDir?: string | undefined;
  /** Ends the name of the run's folder; by default what the job names it by. */
  readonly name?: string | undefined;
}

export interface ResumeJobOptions
  extends Partial<Pick<OpenContext, 'signal' | 'environment' | 'fetch' | 'changes'>>,
    Following {}

/** The last event of a run: its report, which is in its folder by then. */
export interface RunResult<R> extends Finished<R> {
  readonly type: 'result';
}

export type JobEvent<E, R> = RunStarted | E | RunResult<R>;

/** Larger than any report, and small enough to be read at once. */
export const MOST_REPORT_BYTES = 256 * 2 ** 20;

/** The report of a run that was broken off after its work and before it was marked as done; null where there is none that is whole. */
async function writtenReport<R>(run: Run, job: Pick<Job<z.ZodObject, R>, 'report'>): Promise<R | null> {
  const stored = await readJsonFile(join(run.path, 'report.json'), { mostBytes: MOST_REPORT_BYTES }).catch(() => null);
  return job.report.safeParse(stored).data ?? null;
}

// biome-ignore lint/correctness/useYield: work that is over has nothing to say
async function* over<E, R>(report: R): AsyncGenerator<E, R> {
  return report;
}

async function* finish<R, E>(
  run: Run,
  opened: OpenedJob<unknown, E, R>,
  { job, beforeDone }: Following & { readonly job: Pick<Job<z.ZodObject, R>, 'report'> },
): AsyncGenerator<JobEvent<E, R>, R> {
  const stored = await writtenReport(run, job);
  const work = () => (stored === null ? opened.work(run) : over<E, R>(stored));
  const report = yield* carryOut(run, work, async (record, report) => {
    await opened.finish?.(run);
    // What the shards of a run made is in the run itself by now.
    await rm(shardsFolder(run.path), { recursive: true, force: true });
    await beforeDone?.({ path: run.path, record, report });
  });
  yield { type: 'result', id: run.id, path: run.path, report };
  return report;
}

/**
 * Checks a job's input without doing anything: no run is made, no file is written.
 *
 * @returns what the job would read, write and take
 * @throws {BiolensError} what starting it would throw before its run began
 */
export async function planJob<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  input: z.input<C>,
  options: RunJobOptions = {},
): Promise<{ readonly configuration: z.output<C>; readonly plan: JobPlan }> {
  const configuration = parseConfiguration(job, input);
  await checkWritable(options.runsDir ?? DEFAULT_RUNS_DIR);
  const opening = openJob(job, configuration, contextOf(options, null));
  let step = await opening.next();
  while (!step.done) step = await opening.next();
  await using opened = step.value;
  return { configuration: opened.configuration, plan: opened.plan };
}

/**
 * Does a job as a run: a folder that can be killed at any instant and resumed. What can be found wrong before the work is found before the
 * folder is made.
 *
 * @returns the job's events between the run's beginning and its result, and at the end the report, which is in `report.json` too
 * @throws {BiolensError} `usage` or `input` naming the field or file; `interrupted` when the signal is aborted, with the run left to be
 *   resumed; `external` when memory is short
 */
export async function* startJob<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  input: z.input<C>,
  options: RunJobOptions = {},
): AsyncGenerator<JobEvent<E, R>, R> {
  const configuration = parseConfiguration(job, input);
  await checkWritable(options.runsDir ?? DEFAULT_RUNS_DIR);
  await using opened = yield* openJob(job, configuration, contextOf(options, null));
  const run = await createJobRun(job, opened.configuration, options);
  return yield* finish(run, opened, { job, beforeDone: options.beforeDone });
}

/**
 * Resumes a run that was interrupted, failed or was killed: what it has is not made again, and the result is the same.
 *
 * @param path the run's folder
 * @throws {BiolensError} `usage` when the run is done, is of another job or is worked on by another process; otherwise as {@link startJob}
 */
export async function* resumeJob<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  path: string,
  options: ResumeJobOptions = {},
): AsyncGenerator<JobEvent<E, R>, R> {
  const record = await readRunRecord(path);
  if (record.kind !== job.kind)
    throw new BiolensError('usage', `${path}: expected a run of ${job.kind}, got a run of ${record.kind}`);
  refuseDone(record, path);
  const configuration = recordedConfiguration(job, record, options.changes ?? {});
  await using opened = yield* openJob(job, configuration, contextOf(options, record));
  return yield* finish(await openRun(path), opened, { job, beforeDone: options.beforeDone });
}
