import { setTimeout as sleep } from 'node:timers/promises';

/** Waits. @throws what `signal` was aborted with */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
