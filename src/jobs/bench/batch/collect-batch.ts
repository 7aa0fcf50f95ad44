import type { Answer } from '../../../ground/contracts/bench.ts';
import { type BatchClient, type BatchResult, ModelError, type RequestChange } from '../../../kit/vlm/index.ts';
import type { Answerer } from '../ask/answerer.ts';
import { answerOf, failedAnswer, type UnpricedAnswer } from '../ask/ask-one.ts';
import type { PosedQuestion } from '../ask/posed-question.ts';
import type { Recorder } from '../ask/recorder.ts';
import type { AskSettings } from '../ask/settings.ts';
import type { BookedBatch } from './batch-book.ts';
import { requestOf } from './request-ids.ts';

/** A question as one request of a batch. */
export interface BatchTask {
  readonly posed: PosedQuestion;
  readonly promptDigest: string;
}

export interface CollectOptions {
  readonly client: BatchClient;
  readonly settings: AskSettings;
  readonly answerer: Pick<Answerer, 'id'>;
  readonly signal: AbortSignal;
  readonly recorder: Recorder;
  /** By request id. */
  readonly tasks: ReadonlyMap<string, BatchTask>;
  /** Requests with an answer on disk; what is recorded here comes to it. */
  readonly answered: ReadonlySet<string>;
  /** How often each request was in a batch before that came to its end. */
  readonly tries: ReadonlyMap<string, number>;
  readonly price: (answer: UnpricedAnswer) => Answer;
  readonly persist: <T>(work: () => Promise<T>, attempts?: number) => Promise<T>;
}

export interface Collected {
  /** Changes without which requests were refused. */
  readonly learned: ReadonlySet<RequestChange>;
  /** Requests that failed for good; the recorder may hold their errors back until a reply shows that the provider lives. */
  readonly failed: readonly string[];
  /** What was wrong with the results, a line each. */
  readonly notes: readonly string[];
}

/** Answers that are written to disk together. */
const WRITTEN_AT_ONCE = 64;
/** A file that is broken off again and again is not fetched more often. */
const DOWNLOADS = 3;

/**
 * Records the results of a batch that has ended. What has no result, or an error that may pass, is left to be asked again; where it has been asked
 * often enough, it is recorded as an error.
 *
 * @throws {ModelError} where every other request would fail alike
 */
export async function collectBatch(
  batch: BookedBatch & { readonly id: string },
  options: CollectOptions,
): Promise<Collected> {
  const { client, settings, recorder, signal, persist } = options;
  const { maxOutputTokens, alternatives } = settings;
  const own = new Set(batch.requests);
  const learned = new Set<RequestChange>();
  const changes = new Set(batch.changes);
  /** Errors by request; a later download of the same results overwrites them. */
  const failures = new Map<string, ModelError>();
  let strange = 0;
  let doubled = 0;
  const faults = { unreadable: 0 };

  const take = async (request: string, result: BatchResult): Promise<void> => {
    const task = options.tasks.get(request);
    if (task === undefined || options.answered.has(request)) return;
    if ('error' in result) {
      if (result.error.fatal) throw result.error;
      if (result.change !== null && !changes.has(result.change)) learned.add(result.change);
      failures.set(request, result.error);
      return;
    }
    const attempts = (options.tries.get(request) ?? 0) + 1;
    const made = batch.changes.filter(change => !client.changes.includes(change));
    const reply = { ...result.reply, ...(made.length === 0 ? {} : { changes: made }) };
    try {
      const answer = answerOf({ ...task, pictures: [] }, { answerer: options.answerer, attempts, reply });
      await recorder.replied(options.price({ ...answer, latencyMs: null }));
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      failures.set(request, error);
    }
  };

  const download = async (): Promise<void> => {
    const seen = new Set<string>();
    [strange, doubled, faults.unreadable] = [0, 0, 0];
    let writing: Promise<void>[] = [];
    const given = {
      requests: batch.requests.length,
      request: { maxOutputTokens, alternatives },
      changes,
      faults,
      signal,
    };
    try {
      for await (const result of client.results(batch.id, given)) {
        const request = requestOf(batch.token, result.id);
        if (request === null || !own.has(request)) strange++;
        else if (seen.has(request)) doubled++;
        else {
          seen.add(request);
          const written = take(request, result);
          // What goes wrong is told where it is waited for.
          written.catch(() => undefined);
          writing.push(written);
          if (writing.length < WRITTEN_AT_ONCE) continue;
          await Promise.all(writing);
          writing = [];
        }
      }
    } finally {
      await Promise.all(writing);
    }
  };
  await persist(download, DOWNLOADS);

  const failed: string[] = [];
  for (const request of batch.requests) {
    const task = options.tasks.get(request);
    if (task === undefined || options.answered.has(request)) continue;
    const error = failures.get(request) ?? new ModelError('malformed', 'the results of the batch leave it out');
    const attempts = (options.tries.get(request) ?? 0) + 1;
    const again = learned.size > 0 || batch.cancelled || (error.transient && attempts < settings.attempts);
    if (again) continue;
    failed.push(request);
    await recorder.failed(options.price(failedAnswer({ ...task, pictures: [] }, { ...options, attempts, error })));
  }
  return { learned, failed, notes: notesOf({ strange, doubled, unreadable: faults.unreadable }) };
}

function notesOf(counts: {
  readonly strange: number;
  readonly doubled: number;
  readonly unreadable: number;
}): string[] {
  const lines: (readonly [number, string])[] = [
    [counts.unreadable, 'are unreadable'],
    [counts.strange, 'are of requests that were never made, and are left out'],
    [counts.doubled, 'come a second time, and the first counts'],
  ];
  return lines.flatMap(([n, what]) => (n === 0 ? [] : [`results of a batch: ${n.toLocaleString('en-US')} ${what}`]));
}
