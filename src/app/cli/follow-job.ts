import { join } from 'node:path';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import {
  checkGates,
  type Finished,
  type Gate,
  type Job,
  type JobEvent,
  type JobNews,
  resultOf,
  type WorkedRun,
} from '../../kit/job/index.ts';
import { readRunRecord } from '../../kit/runs/index.ts';
import { printable } from '../../kit/text/printable.ts';
import type { CliIo } from './io.ts';
import type { ProgressView } from './progress.ts';
import { printJson, work } from './work.ts';

type AnyEvent = JobEvent<{ readonly type: string }, unknown>;

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly progress: ProgressView;
  /** No face on the page can be recognised. */
  readonly blur: boolean;
}

const isResult = (event: AnyEvent): event is Extract<AnyEvent, { readonly report: unknown }> => event.type === 'result';

/** What helps after an error: that of the job, or going on with what was interrupted. */
function explain(job: Job, error: BiolensError, id: string): BiolensError {
  const interrupted = error.code === 'interrupted';
  const remedy = job.remedy?.(error, id) ?? (interrupted ? `biolens runs resume ${id} resumes the run` : null);
  return remedy === null ? error : withRemedy(error, remedy);
}

/** What a job says while it works. */
export function showNews(told: JobNews | null, progress: ProgressView): void {
  if (told?.type === 'note') progress.note(printable(told.text));
  else if (told !== null) progress.update(told);
}

function withRemedy(error: BiolensError, remedy: string): BiolensError {
  return new BiolensError(error.code, `${messageOf(error)}; ${remedy}`, { details: error.details, cause: error });
}

/** Starts or resumes a run; what it is given goes into the options of `startJob` and `resumeJob`. */
export type StartRun = (options: {
  readonly signal: AbortSignal;
  readonly beforeDone: (run: WorkedRun) => Promise<void>;
}) => AsyncIterable<AnyEvent>;

/**
 * Follows a run to its end with progress; its page is written before it is marked as done.
 *
 * @throws {BiolensError} what the job throws, with how to resume
 */
export async function followJob(
  job: Job,
  start: StartRun,
  { signal, progress, blur }: FollowOptions,
): Promise<Finished<unknown> & { readonly page: string }> {
  const { pageBeforeDone } = await import('../pages/index.ts');
  const writePage = pageBeforeDone(job, {
    blur,
    signal,
    onProgress: (done, total) => progress.update({ stage: 'writing the report', done, total }),
  });
  let withoutPage = false;
  const beforeDone = (run: WorkedRun): Promise<void> =>
    writePage(run).catch((error: unknown) => {
      withoutPage = !(error instanceof BiolensError && error.code === 'interrupted');
      throw error;
    });
  const news = job.news();
  let found: Finished<unknown> | undefined;
  let id = '';
  try {
    for await (const event of start({ signal, beforeDone })) {
      if (event.type === 'run' && 'id' in event) id = String(event.id);
      else if (isResult(event)) found = event;
      else showNews(news.tell(event), progress);
    }
  } catch (error) {
    if (!(error instanceof BiolensError) || id === '') throw error;
    throw withoutPage
      ? withRemedy(error, `the run is done, biolens runs report ${id} writes its page`)
      : explain(job, error, id);
  }
  if (found === undefined) throw new BiolensError('external', `the ${job.noun} ended without a result`);
  const { path, report } = found;
  return { id: found.id, path, report, page: join(path, 'report.html') };
}

/** How a result is shown and what it is held against. */
export interface ShowOptions {
  readonly json: boolean;
  readonly gates: readonly Gate[];
  /** Choices of the job's result view. */
  readonly view: Readonly<Record<string, unknown>>;
}

/** Prints the result of a run: for people, or as JSON. */
export async function showResult(
  job: Job,
  finished: Finished<unknown> & { readonly page: string },
  { io, json, view }: Omit<ShowOptions, 'gates'> & { readonly io: CliIo },
): Promise<void> {
  const result = resultOf(job, finished, view);
  if (json) return printJson(io, result);
  const { id, path, page, report } = finished;
  const { configuration } = await readRunRecord(path);
  io.out(job.describe(report));
  io.out(`\n${job.epilogue?.({ id, path, report, configuration }) ?? ''}`);
  io.out(`Report: ${printable(page)}\nbiolens studio shows it (run ${id}).\n`);
}

/** Follows one run to its end, prints its result, and holds it against the gates. */
export async function followAndShow(
  job: Job,
  start: StartRun,
  { io, blur, ...options }: ShowOptions & { readonly io: CliIo; readonly blur: boolean },
): Promise<void> {
  const finished = await work(io, ({ signal, progress }) => followJob(job, start, { signal, progress, blur }));
  await showResult(job, finished, { ...options, io });
  checkGates(resultOf(job, finished, options.view), options.gates);
}
