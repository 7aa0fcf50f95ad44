import type { BenchBuild } from '../../ground/contracts/bench-build.ts';
import type { BenchReport } from '../../ground/contracts/bench-report.ts';
import { BiolensError } from '../../ground/errors.ts';
import { buildBenchmark } from './build/index.ts';
import { type BenchEvent, type BenchRunOptions, benchRun } from './job.ts';

export interface QuizOptions extends BenchRunOptions {
  /** Folders of labelled images; drawn faces with their masks beside them allow all 14 tasks. */
  readonly faces: string | readonly string[];
  /** New folder for the questions. */
  readonly to: string;
  /** Folder of region masks; by default the one called like the folder of faces, with `-masks` behind. */
  readonly masks?: string | undefined;
  /** Questions of each task; 6 by default. */
  readonly perTask?: number | undefined;
  /** Whole number from 0; 0 by default. */
  readonly seed?: number | undefined;
  /** Who answers, as `benchRun` takes it; the specialist by default. */
  readonly model?: string | undefined;
}

export type QuizEvent =
  /** Questions made, or found impossible, of those asked for. */
  { readonly type: 'building'; readonly done: number; readonly total: number } | BenchEvent;

export interface QuizResult {
  readonly build: BenchBuild;
  readonly report: BenchReport;
}

const PER_TASK = 6;

/**
 * Makes a small benchmark of labelled images and puts it to a model, as a run like any other.
 *
 * @returns the events of both, and at the end what was built and the report
 * @throws {BiolensError} as `buildBenchmark` and `benchRun` do
 *
 * @example
 * ```ts
 * for await (const event of runQuiz({ faces: 'drawn', to: 'quiz' })) {
 *   if (event.type === 'result') console.log(event.report.scores[0]?.overall);
 * }
 * ```
 */
export async function* runQuiz(options: QuizOptions): AsyncGenerator<QuizEvent, QuizResult> {
  const { faces, to, masks, perTask = PER_TASK, seed = 0, model, signal } = options;
  let build: BenchBuild | null = null;
  for await (const event of buildBenchmark({ from: faces, to, masks, perTask, seed, signal })) {
    if (event.type === 'progress') yield { type: 'building', done: event.done, total: event.total };
    if (event.type === 'result') build = event.result;
  }
  if (build === null) throw new BiolensError('external', 'the quiz was not built');
  const report = yield* benchRun({ from: to, seed, ...(model === undefined ? {} : { model }) }, options);
  return { build, report };
}
