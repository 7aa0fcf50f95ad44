import type { Answer } from '../../../src/ground/contracts/bench.ts';
import { askSettings, createModelAnswerer } from '../../../src/jobs/bench/ask/index.ts';
import { askInBatches } from '../../../src/jobs/bench/batch/ask-in-batches.ts';
import type { BatchAskOptions } from '../../../src/jobs/bench/batch/batch-asking.ts';
import type { BookShelf } from '../../../src/jobs/bench/batch/batch-book.ts';
import { type BatchClient, openBatches, openModel } from '../../../src/kit/vlm/index.ts';
import { makeImages, makeQuestions, memoryJournal } from '../ask/support.ts';
import { ENVIRONMENT, MODELS, type MockProvider } from './mock-provider.ts';

/** A book in memory, and everything that was ever written into it. */
export function memoryShelf(): BookShelf & { readonly written: string[] } {
  const written: string[] = [];
  return {
    written,
    async read() {
      const last = written.at(-1);
      return last === undefined ? undefined : JSON.parse(last);
    },
    async write(text) {
      written.push(text);
    },
  };
}

export interface Stretch {
  readonly events: Awaited<ReturnType<typeof collectAll>>['events'];
  readonly error: unknown;
}

async function collectAll(events: ReturnType<typeof askInBatches>) {
  const all = [];
  let error: unknown = null;
  try {
    for await (const event of events) all.push(event);
  } catch (thrown) {
    error = thrown;
  }
  return { events: all, error };
}

/** Everything that a run of questions by batches is made of, kept between its stretches. */
export function makeRun(
  provider: MockProvider,
  {
    questions = 6,
    limits,
    ...more
  }: { readonly questions?: number; readonly limits?: BatchClient['limits'] } & Partial<
    Parameters<typeof askSettings>[0]
  > = {},
) {
  const model = MODELS[provider.kind];
  const answers: Answer[] = [];
  const journal = memoryJournal(answers);
  const shelf = memoryShelf();
  const all = makeQuestions(questions);
  const stretch = async (
    change: Partial<Parameters<typeof askSettings>[0]> = {},
    options: Partial<BatchAskOptions> = {},
  ): Promise<Stretch> => {
    const settings = askSettings({ batch: true, pollMs: 5, ...more, ...change });
    const access = { environment: ENVIRONMENT, fetch: provider.fetch };
    const client = openBatches(model, access);
    return await collectAll(
      askInBatches({
        questions: all,
        images: makeImages(),
        answerer: createModelAnswerer(openModel(model, access), { settings }),
        client: limits === undefined ? client : { ...client, limits },
        journal,
        shelf,
        settings,
        settleMs: 0,
        random: () => 0,
        ...options,
      }),
    );
  };
  return { answers, journal, shelf, questions: all, stretch };
}

/** The provider behind a network of the test's own. */
export const clientFor = (
  { kind }: MockProvider,
  fetch: typeof globalThis.fetch,
): { readonly client: BatchClient } => ({
  client: openBatches(MODELS[kind], { environment: ENVIRONMENT, fetch }),
});

/** What was said in words. */
export const saidIn = ({ events }: Stretch): string[] =>
  events.flatMap(event => ('message' in event ? [event.message] : []));
