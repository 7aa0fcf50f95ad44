import { setTimeout as sleep } from 'node:timers/promises';
import { BiolensError } from '../../../ground/errors.ts';
import { ModelError } from '../../../kit/vlm/index.ts';
import { backoffMs } from '../ask/backoff.ts';

/** Waits. @throws what `signal` was aborted with */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

/** What a run ends with when its provider does not answer again and again. */
export const outage = (error: ModelError): BiolensError =>
  new BiolensError('external', `the batch interface does not answer: ${error.message}`, {
    details: { kind: error.kind },
    cause: error,
  });

export interface PersistOptions {
  readonly attempts: number;
  readonly signal: AbortSignal;
  /** Uniform on [0, 1). */
  readonly random: () => number;
  readonly onPause: (error: ModelError, waitMs: number) => void;
}

/** Does what may pass again a few times, with back-off. @throws {BiolensError} `external` where it does not */
export async function persist<T>(
  work: () => Promise<T>,
  { attempts, signal, random, onPause }: PersistOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ModelError) || !error.transient) throw error;
      if (attempt >= attempts) throw outage(error);
      const waitMs = backoffMs({ attempt, retryAfterMs: error.retryAfterMs, random });
      onPause(error, waitMs);
      await pause(waitMs, signal);
    }
  }
}
