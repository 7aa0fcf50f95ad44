import { BiolensError } from '../../../ground/errors.ts';
import { Asking, type AskOptions } from './asking.ts';
import type { AskEvent } from './events.ts';

/**
 * Asks every question and records every answer, picking up where an earlier stretch with the same journal stopped.
 *
 * An answer is recorded once per question, model, setting, prompt, rotation and repeat; raw, unscored. A question that
 * fails after all retries is recorded as an error, which is not a wrong answer. Leaving the loop early, aborting
 * `signal` or being killed loses only what was under way.
 *
 * @throws {ModelError} where every question would fail alike (wrong key, no such model, account empty)
 * @throws {BiolensError} `external` in an outage, `interrupted` by the signal, `usage` for a budget in dollars without
 *   prices
 *
 * @example
 * ```ts
 * const benchmark = await openBenchmark('facexbench');
 * const settings = askSettings({ setting: 'zero-shot' });
 * const answerer = await openAnswerer('ollama:llava', { settings, questions });
 * for await (const event of askAll({ questions, images: benchmark.images, answerer, journal: run, settings })) {
 *   if (event.type === 'answer') console.log(event.done, event.answer.raw);
 * }
 * ```
 */
export async function* askAll(options: AskOptions): AsyncGenerator<AskEvent> {
  const { signal } = options;
  const asking = new Asking(options);
  const interrupt = (): void => {
    asking.stop(new BiolensError('interrupted', 'interrupted', { cause: signal?.reason }));
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted) interrupt();
  try {
    yield* asking.events;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    interrupt();
    await asking.settled;
  }
}
