import { BiolensError } from '../../../ground/errors.ts';
import type { AskEvent } from '../ask/events.ts';
import { BatchAsking, type BatchAskOptions } from './batch-asking.ts';

/**
 * Puts all questions by a provider's batch interface, and records the answers as `askAll` does: once for every question, model, setting, prompt,
 * rotation and repeat.
 *
 * What is about to be handed in is written down before it is sent, and where the answer of the provider was lost, the batch is looked for there
 * before it is handed in again. Leaving the loop, aborting `signal` or being killed leaves the batches with the provider; asking again with the
 * same book collects them.
 *
 * @throws {ModelError} where every question would fail alike (wrong key, no such model, account empty)
 * @throws {BiolensError} `interrupted` by the signal, where batches are left to be collected later, or after they were cancelled; `external` in
 *   an outage
 */
export async function* askInBatches(options: BatchAskOptions): AsyncGenerator<AskEvent> {
  const controller = new AbortController();
  const { signal } = options;
  const interrupt = (): void =>
    controller.abort(new BiolensError('interrupted', 'interrupted', { cause: signal?.reason }));
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted) interrupt();
  const asking = new BatchAsking({ ...options, signal: controller.signal });
  try {
    yield* asking.events;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    interrupt();
    await asking.settled;
  }
}
