import { BiolensError, messageOf } from '../../ground/errors.ts';
import type { Run } from './run.ts';

/** What a run says first. */
export interface RunStarted {
  readonly type: 'run';
  readonly id: string;
  readonly path: string;
}

/**
 * Does the work of a run and ends it: as done with its report, as interrupted, or as failed with the reason.
 *
 * @returns the run's name and the work's events, and at the end the work's report, which is in the run's folder by then
 * @throws what the work throws; a consumer that stops listening before the end leaves the run interrupted
 */
export async function* carryOut<E, R>(run: Run, work: () => AsyncGenerator<E, R>): AsyncGenerator<E | RunStarted, R> {
  let ended = false;
  try {
    yield { type: 'run', id: run.id, path: run.path };
    const report = yield* work();
    await run.complete(report);
    ended = true;
    return report;
  } catch (error) {
    ended = true;
    const interrupted = error instanceof BiolensError && error.code === 'interrupted';
    // The first error is the one to tell; a full disk may refuse the second as well.
    await (interrupted ? run.interrupt() : run.fail(messageOf(error))).catch(() => undefined);
    throw error;
  } finally {
    if (!ended) await run.interrupt();
  }
}
