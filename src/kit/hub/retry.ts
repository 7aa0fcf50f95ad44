import { setTimeout as sleep } from 'node:timers/promises';
import { HubBusy } from './hub-client.ts';

export interface RetryOptions {
  readonly attempts: number;
  readonly signal: AbortSignal;
  /** Uniform on [0, 1), for the jitter of the waits. */
  readonly random?: (() => number) | undefined;
}

/**
 * Does what may fail for a moment again, with back-off, or after the time that the hub names.
 *
 * @throws what `work` throws at last, or `signal` was aborted with
 */
export async function retryBusy<T>(
  work: () => Promise<T>,
  { attempts, signal, random = Math.random }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubBusy) || attempt >= attempts) throw error;
      const wait = error.retryAfterMs ?? random() * Math.min(30_000, 500 * 2 ** attempt);
      await sleep(wait, undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}
