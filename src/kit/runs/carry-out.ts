import type { RunRecord } from '../../ground/contracts/run.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import type { Run } from './run.ts';

/** What a run says first. */
export interface RunStarted {
  readonly type: 'run';
  readonly id: string;
  readonly path: string;
}

const isInterruption = (error: unknown): boolean => error instanceof BiolensError && error.code === 'interrupted';

/**
 * Does the work of a run and ends it: as done with its report, as interrupted, or as failed with the reason.
 *
 * @param beforeDone done when the report is in the run's folder and before the run says that it is done; where it fails for another reason
 *   than an interruption, the run is done nevertheless
 * @returns the run's name and the work's events, and at the end the work's report, which is in the run's folder by then
 * @throws what the work throws; a consumer that stops listening before the end leaves the run interrupted
 */
export async function* carryOut<E, R>(
  run: Run,
  work: () => AsyncGenerator<E, R>,
  beforeDone?: (record: RunRecord, report: R) => Promise<void>,
): AsyncGenerator<E | RunStarted, R> {
  let ended = false;
  let report: R;
  let problem: unknown;
  try {
    yield { type: 'run', id: run.id, path: run.path };
    report = yield* work();
    await run.complete(report, async record => {
      await beforeDone?.(record, report).catch((error: unknown) => {
        if (isInterruption(error)) throw error;
        problem = error;
      });
    });
    ended = true;
  } catch (error) {
    ended = true;
    // The first error is the one to tell; a full disk may refuse the second as well.
    await (isInterruption(error) ? run.interrupt() : run.fail(messageOf(error))).catch(() => undefined);
    throw error;
  } finally {
    if (!ended) await run.interrupt();
  }
  if (problem !== undefined) throw problem;
  return report;
}
