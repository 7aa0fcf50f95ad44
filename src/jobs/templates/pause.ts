import { throwIfAborted } from '../../ground/errors.ts';

/**
 * Lets whatever else waits have its turn, such as a signal or a page, between parts of long work in one thread.
 *
 * @throws BiolensError `interrupted` when the signal is aborted
 */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise(resolve => setTimeout(resolve));
  throwIfAborted(signal);
}
