import { setTimeout as wait } from 'node:timers/promises';
import { throwIfAborted } from '../../ground/errors.ts';
import type { ModelRequest, Reply, VisionLanguageModel } from './model.ts';
import { ModelError } from './model-error.ts';

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 60_000;
const TIMEOUT_MS = 180_000;

/**
 * Asks a model until it answers, four times at most, waiting as long as its server says or ever longer.
 *
 * @throws {ModelError} the last failure, or at once one that asking again cannot help; `interrupted`; a timeout of three minutes a try
 */
export async function askAgain(
  model: VisionLanguageModel,
  request: Omit<ModelRequest, 'signal'>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await model.ask({
        ...request,
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
    } catch (error) {
      throwIfAborted(signal);
      const again = error instanceof ModelError ? error.transient && !error.fatal : deadline.aborted;
      if (!again || attempt === ATTEMPTS) throw error;
      const asked = error instanceof ModelError ? error.retryAfterMs : null;
      await wait(Math.min(MOST_WAIT_MS, asked ?? FIRST_WAIT_MS * 2 ** (attempt - 1)), undefined, { signal }).catch(
        () => undefined,
      );
    }
  }
}
