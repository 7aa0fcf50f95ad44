import { EXIT_CODES } from '../../ground/errors.ts';

/** From the keyboard, from a supervisor, and from a terminal that closes. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work with a signal that the first SIGINT, SIGTERM or SIGHUP aborts, so that it can end cleanly; a second one ends the process at once
 * with exit code 130. What a run had acknowledged survives either way.
 *
 * @returns what the work returns; the handlers of the signals are gone then
 * @example
 * await withInterrupt(async signal => {
 *   for await (const event of resumeItems({ run, schema, keys, keyOf, work, signal })) show(event);
 * });
 */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
