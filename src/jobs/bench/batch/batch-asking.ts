import type { Answer, Question } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type BatchClient, ModelError, mayHaveArrived } from '../../../kit/vlm/index.ts';
import { answerKey, type Journal, latestAnswers } from '../ask/answer-log.ts';
import { type Answerer, modelRequest } from '../ask/answerer.ts';
import { failedAnswer, type UnpricedAnswer } from '../ask/ask-one.ts';
import { createEventChannel, type EventChannel } from '../ask/event-channel.ts';
import type { AskEvent, AskNews } from '../ask/events.ts';
import { createPictureStore, type ImageSource, type PictureStore } from '../ask/picture-store.ts';
import { posings } from '../ask/posed-question.ts';
import { createRecorder, type Recorder } from '../ask/recorder.ts';
import type { AskSettings } from '../ask/settings.ts';
import { inShard } from '../ask/shard.ts';
import { createSpending, type Spending } from '../ask/spending.ts';
import { BatchBook, type BookedBatch, type BookShelf } from './batch-book.ts';
import { type BatchTask, collectBatch } from './collect-batch.ts';
import { type PackedBatch, packBatches } from './pack-batches.ts';
import { outage, pause, persist } from './persist.ts';
import { requestId } from './request-ids.ts';

export interface BatchAskOptions {
  readonly questions: readonly Question[];
  readonly images: ImageSource;
  /** Names the answers and digests the prompts; it is not asked. */
  readonly answerer: Pick<Answerer, 'id' | 'digest'>;
  readonly client: BatchClient;
  readonly journal: Journal;
  readonly shelf: BookShelf;
  readonly settings: AskSettings;
  readonly signal?: AbortSignal | undefined;
  /** How long a provider may take to show a batch that was handed in, in milliseconds. */
  readonly settleMs?: number | undefined;
  /** Uniform on [0, 1), for the jitter of retries. */
  readonly random?: (() => number) | undefined;
}

/** A request that was answered by nobody may still be on its way for about this long. */
const SETTLE_MS = 120_000;

const countOf = (n: number, one: string, more = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : more}`;

/** One stretch of asking by batches: what it hands in, waits for and collects is in the book, so that any later stretch goes on. */
export class BatchAsking {
  readonly events: EventChannel<AskEvent>;
  /** Resolves when nothing is under way any more; never rejects. */
  readonly settled: Promise<void>;

  readonly #options: BatchAskOptions & { readonly signal: AbortSignal };
  readonly #spending: Spending;
  readonly #pictures: PictureStore;
  /** By request id. */
  readonly #tasks = new Map<string, BatchTask>();
  readonly #answered = new Set<string>();
  /** Failed for good, with errors that the recorder has. */
  readonly #failed = new Set<string>();
  #done = 0;
  #errors = 0;
  /** Batches that the provider did not answer about, since it last answered about one. */
  #unanswered = 0;
  /** More is waiting at the provider than the account may have waiting. */
  #crowded = false;

  constructor(options: BatchAskOptions & { readonly signal: AbortSignal }) {
    this.#options = options;
    const { settings, client, images } = options;
    const factor = client.priceFactor ?? 1;
    const price = settings.price === null ? null : scaled(settings.price, factor);
    this.#spending = createSpending({ maxTokens: null, maxDollars: null, price });
    this.#pictures = createPictureStore({ images, rule: settings.imageRule });
    this.events = createEventChannel(() => {});
    this.settled = this.#run().then(
      () => this.events.close(),
      error => this.events.close(error),
    );
  }

  async #run(): Promise<void> {
    const { journal, shelf, settings, signal } = this.#options;
    const answers = await latestAnswers(journal.items());
    for (const { raw, usage } of answers) if (raw !== null) this.#spending.add(usage);
    for (const answer of answers)
      if (answer.raw !== null || !settings.retryErrors) this.#answered.add(requestId(answerKey(answer)));
    this.#pose();
    this.#done = [...this.#tasks.keys()].filter(id => this.#answered.has(id)).length;
    const recorder = createRecorder({
      journal,
      answeredBefore: answers.some(answer => answer.raw !== null),
      onRecorded: answer => this.#recorded(answer),
    });
    const book = await BatchBook.open(shelf);
    await book.learn(this.#options.client.changes);
    this.#emit({ type: 'started' });
    for (;;) {
      signal.throwIfAborted();
      await this.#settle(book);
      if (settings.cancel) await this.#cancel(book);
      else await this.#handIn(book, recorder);
      await this.#look(book, recorder);
      const left = book.in('submitting', 'open');
      const pending = this.#pending(book).length;
      if (left.length === 0 && (pending === 0 || settings.cancel)) break;
      if (left.length === 0 && !this.#crowded) continue;
      if (!settings.wait) this.#leave(left);
      await pause(settings.pollMs, signal);
    }
    await recorder.finish();
    if (this.#done < this.#tasks.size)
      throw new BiolensError(
        'interrupted',
        `the batches are cancelled; ${this.#done} of ${this.#tasks.size} answers came`,
      );
    this.#emit({ type: 'finished', reason: 'complete', errors: this.#errors });
  }

  #pose(): void {
    const { questions, answerer, settings } = this.#options;
    for (const question of questions) {
      if (!inShard(question.id, settings.shard)) continue;
      for (const posed of posings(question, settings)) {
        const promptDigest = answerer.digest(posed);
        const key = answerKey({ ...posed, question: question.id, model: answerer.id, promptDigest });
        this.#tasks.set(requestId(key), { posed, promptDigest });
      }
    }
  }

  /** Requests that have no answer and are in no batch that may bring one. */
  #pending(book: BatchBook): readonly (readonly [string, BatchTask])[] {
    const reserved = new Set(book.in('submitting', 'open').flatMap(({ requests }) => requests));
    return [...this.#tasks].filter(([id]) => !this.#answered.has(id) && !this.#failed.has(id) && !reserved.has(id));
  }

  /** Finds out what became of batches that were about to be handed in. */
  async #settle(book: BatchBook): Promise<void> {
    const { client, settleMs = SETTLE_MS, signal } = this.#options;
    for (const { token, submittedAt, requests, file } of book.in('submitting')) {
      const since = Date.parse(submittedAt);
      const known = new Set(book.batches.flatMap(({ id }) => id ?? []));
      const lost = { token, requests: requests.length, since, known, signal };
      const found = await this.#persist(() => client.find(lost));
      if (typeof found === 'object') {
        await book.change(token, { state: 'open', id: found.id });
        this.#emit({
          type: 'batch',
          message: `a batch of ${countOf(requests.length, 'request')} was found at the provider`,
        });
      } else if (found === 'absent' && Date.now() - since >= settleMs) {
        await book.change(token, { state: 'lost' });
        await this.#forget(book, { token, id: null, file });
      }
    }
  }

  /** Hands in all that is pending, in batches as large as the provider takes them. */
  async #handIn(book: BatchBook, recorder: Recorder): Promise<void> {
    const { client, settings, signal } = this.#options;
    if (this.#crowded || book.in('submitting').length > 0) return;
    const packed = packBatches(this.#pending(book), {
      client,
      changes: book.changes,
      signal,
      request: async ({ posed }) =>
        modelRequest(posed, { pictures: await this.#pictures.prepare(posed.question.images), settings }),
      onRefused: (task, error) => this.#refuseHere(recorder, task, error),
    });
    for await (const batch of packed) if (!(await this.#submit(book, batch))) return;
  }

  /** Records that a question cannot be sent. */
  async #refuseHere(recorder: Recorder, task: BatchTask, error: BiolensError): Promise<void> {
    const { answerer } = this.#options;
    const failed = failedAnswer({ ...task, pictures: [] }, { answerer, attempts: 0, error });
    await recorder.refusedHere(this.#price(failed));
  }

  /** @returns false where nothing more should be handed in for now */
  async #submit(book: BatchBook, { token, entries, ids }: PackedBatch): Promise<boolean> {
    const { client, settings, signal } = this.#options;
    await book.begin(token, { requests: ids, changes: book.changes });
    try {
      const id = await client.submit({ token, entries, signal, onFile: file => book.change(token, { file }) });
      await book.change(token, { state: 'open', id });
      this.#unanswered = 0;
      this.#emit({ type: 'batch', message: `a batch of ${countOf(ids.length, 'request')} is handed in` });
      return true;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const lost = mayHaveArrived(error);
      if (!lost) await book.change(token, { state: 'lost' });
      if (!lost && error.kind !== 'rate-limited') throw error;
      if (++this.#unanswered >= settings.attempts) throw outage(error);
      this.#emit({ type: 'pause', waitMs: error.retryAfterMs ?? settings.pollMs, message: error.message });
      if (!lost) await pause(error.retryAfterMs ?? settings.pollMs, signal);
      return false;
    }
  }

  /** Looks once at all batches that the provider has, and collects those that have ended. */
  async #look(book: BatchBook, recorder: Recorder): Promise<void> {
    const { client, signal } = this.#options;
    let finished = 0;
    for (const batch of book.in('open')) {
      const { id } = batch;
      if (id === null) continue;
      const status = await this.#persist(() => client.poll(id, signal));
      if (status.state === 'failed') await this.#refused(book, batch, status);
      else if (status.state === 'done') await this.#collect(book, { ...batch, id }, recorder);
      else finished += Math.min(status.finished ?? 0, batch.requests.length);
    }
    this.#emit({ type: 'waiting', finished: Math.min(this.#done + finished, this.#tasks.size) });
  }

  /** A batch that was turned down as a whole: handed in again when others have made room, or else the end. */
  async #refused(
    book: BatchBook,
    batch: BookedBatch,
    { message, crowded }: { readonly message: string | null; readonly crowded: boolean },
  ): Promise<void> {
    await book.change(batch.token, { state: 'lost' });
    await this.#forget(book, batch);
    const why = message ?? 'no reason is given';
    if (!crowded || book.in('open').length === 0)
      throw new BiolensError('external', `the provider refused a batch: ${why}`, { details: { kind: 'batch' } });
    this.#crowded = true;
    this.#emit({ type: 'batch', message: `a batch waits for others to end: ${why}` });
  }

  async #collect(book: BatchBook, batch: BookedBatch & { readonly id: string }, recorder: Recorder): Promise<void> {
    const { client, settings, answerer, signal } = this.#options;
    const tries = book.tries();
    const { learned, failed, notes } = await collectBatch(batch, {
      ...{ client, settings, answerer, signal, recorder, tries },
      tasks: this.#tasks,
      answered: this.#answered,
      price: answer => this.#price(answer),
      persist: (work, attempts) => this.#persist(work, attempts),
    });
    for (const id of failed) this.#failed.add(id);
    await book.learn(learned);
    await book.change(batch.token, { state: 'collected' });
    this.#crowded = false;
    for (const message of notes) this.#emit({ type: 'warning', message });
    const again = batch.requests.filter(id => !this.#answered.has(id) && !this.#failed.has(id)).length;
    const more =
      again === 0 || settings.cancel
        ? ''
        : `, ${countOf(again, 'request')} of it ${again === 1 ? 'is' : 'are'} asked again`;
    this.#emit({
      type: 'batch',
      message: `a batch of ${countOf(batch.requests.length, 'request')} is collected${more}`,
    });
    await this.#forget(book, batch);
  }

  async #cancel(book: BatchBook): Promise<void> {
    const { client, signal } = this.#options;
    for (const { id, token, cancelled } of book.in('open')) {
      if (id === null || cancelled) continue;
      await this.#persist(async () => {
        try {
          await client.cancel(id, signal);
        } catch (error) {
          // What has ended cannot be cancelled any more, and is collected.
          if (!(error instanceof ModelError) || error.kind !== 'bad-request') throw error;
        }
      });
      await book.change(token, { cancelled: true });
    }
  }

  /** Deletes at the provider what was sent; where that does not work, it is said, and the run goes on. */
  async #forget(book: BatchBook, batch: Pick<BookedBatch, 'token' | 'id' | 'file'>): Promise<void> {
    const { client, signal } = this.#options;
    try {
      if (batch.id === null && batch.file === null) return;
      await client.forget(batch, signal);
      if (book.in('collected').some(({ token }) => token === batch.token))
        await book.change(batch.token, { state: 'forgotten' });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      this.#emit({ type: 'warning', message: `the provider keeps what was sent for a batch: ${error.message}` });
    }
  }

  #leave(left: readonly BookedBatch[]): never {
    const requests = left.reduce((sum, batch) => sum + batch.requests.length, 0);
    const message = `${countOf(requests, 'request')} in ${countOf(left.length, 'batch', 'batches')} are not answered yet`;
    throw new BiolensError('interrupted', message, { details: { batches: left.length, requests } });
  }

  #persist<T>(work: () => Promise<T>, attempts = this.#options.settings.attempts): Promise<T> {
    const { signal, random = Math.random } = this.#options;
    const onPause = ({ message }: ModelError, waitMs: number): void => this.#emit({ type: 'pause', waitMs, message });
    return persist(work, { attempts, signal, random, onPause });
  }

  #price(answer: UnpricedAnswer): Answer {
    return { ...answer, cost: answer.raw === null ? null : this.#spending.costOf(answer.usage) };
  }

  #recorded(answer: Answer): void {
    this.#answered.add(requestId(answerKey(answer)));
    this.#done++;
    if (answer.raw === null) this.#errors++;
    else this.#spending.add(answer.usage);
    this.#emit({ type: 'answer', answer });
  }

  #emit(news: AskNews): void {
    this.events.push({ ...news, done: this.#done, total: this.#tasks.size, spent: this.#spending.spent });
  }
}

const scaled = (
  { inputPerMillion, outputPerMillion }: NonNullable<AskSettings['price']>,
  factor: number,
): NonNullable<AskSettings['price']> => ({
  inputPerMillion: inputPerMillion * factor,
  outputPerMillion: outputPerMillion * factor,
});
