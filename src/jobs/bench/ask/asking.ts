import type { Answer, Question } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { ModelError } from '../../../kit/vlm/index.ts';
import { type AdaptiveLimit, createAdaptiveLimit, createFixedLimit } from './adaptive-limit.ts';
import { answerKey, type Journal, latestAnswers } from './answer-log.ts';
import type { Answerer } from './answerer.ts';
import { askOne, failedAnswer, type Task, type UnpricedAnswer } from './ask-one.ts';
import { createEventChannel, type EventChannel } from './event-channel.ts';
import type { AskEvent, AskNews } from './events.ts';
import { createGate, type Gate } from './gate.ts';
import { createHalt, type Halt } from './halt.ts';
import { createPictureStore, type ImageSource, type PictureStore } from './picture-store.ts';
import { countPosings, posings } from './posed-question.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import type { AskSettings } from './settings.ts';
import { inShard } from './shard.ts';
import { type BudgetStop, createSpending, type Spending } from './spending.ts';

export interface AskOptions {
  /** All questions; pass a list where the total should be known. */
  readonly questions: Iterable<Question> | AsyncIterable<Question>;
  readonly images: ImageSource;
  readonly answerer: Answerer;
  /** Where answers go, and where those of an earlier stretch are found. */
  readonly journal: Journal;
  readonly settings: AskSettings;
  readonly signal?: AbortSignal | undefined;
  /** Uniform on [0, 1), for the jitter of retries. */
  readonly random?: (() => number) | undefined;
}

/** Questions that are made ready while all the allowed requests are under way. */
const READ_AHEAD = 16;
/** Questions whose images are decoded at the same time. */
const PREPARED_AT_ONCE = 4;
/** Prepared images held for questions that are under way or next; reading ahead stops there. */
const HELD_BYTES = 64 * 2 ** 20;
/** Unread events after which no further question is begun. */
const UNREAD_EVENTS = 1000;

/** What the gate is shut with when a budget is used up: an end, not an error. */
class BudgetReached {
  readonly budget: BudgetStop;
  constructor(budget: BudgetStop) {
    this.budget = budget;
  }
}

/** One stretch of asking: feeds questions to the endpoint as fast as it takes them and records what comes back. */
export class Asking {
  readonly events: EventChannel<AskEvent>;
  /** Resolves when nothing is under way any more; never rejects. */
  readonly settled: Promise<void>;

  readonly #options: AskOptions;
  readonly #halt: Halt = createHalt();
  readonly #limit: AdaptiveLimit;
  readonly #gate: Gate;
  readonly #spending: Spending;
  readonly #pictures: PictureStore;
  readonly #warnings = new Set<string>();

  #done = 0;
  #total: number | null = null;
  #errors = 0;
  #budgetStop: BudgetStop | null = null;
  /** Requests sent and not answered. */
  #underWay = 0;
  /** Questions begun and not recorded. */
  #open = 0;
  #preparing = 0;
  #asleep = 0;
  #heldBytes = 0;
  #wake: (() => void) | undefined;

  constructor(options: AskOptions) {
    this.#options = options;
    this.#spending = createSpending(options.settings);
    this.#limit = this.#chooseLimit();
    // Without a reply there is no telling what one costs, so a budget starts with a single request.
    this.#gate = createGate(() => (this.#spending.blind ? 1 : this.#limit.limit));
    this.#pictures = createPictureStore({ images: options.images, rule: options.settings.imageRule });
    this.events = createEventChannel(() => this.#changed());
    this.settled = this.#run().then(
      () => this.events.close(),
      error => this.events.close(error),
    );
  }

  /** Ends everything under way; readers of the events get `reason` thrown, unless all was over already. */
  stop(reason: unknown): void {
    this.#gate.shut(reason);
    this.#halt.now(reason);
    this.#changed();
  }

  async #run(): Promise<void> {
    const { settings, questions, answerer, journal } = this.#options;
    const answers = await latestAnswers(journal.items());
    for (const { raw, usage } of answers) if (raw !== null) this.#spending.add(usage);
    const finished = answers.filter(answer => answer.raw !== null || !settings.retryErrors);
    const known = new Set(finished.map(answerKey));
    this.#done = known.size;
    this.#total = Array.isArray(questions) ? countPosings(questions, settings) : null;
    const recorder = createRecorder({
      journal,
      answeredBefore: answers.some(answer => answer.raw !== null),
      onRecorded: answer => this.#recorded(answer),
    });
    this.#emit({ type: 'started' });
    try {
      for await (const question of questions) {
        if (!inShard(question.id, settings.shard)) continue;
        for (const posed of posings(question, settings)) {
          const promptDigest = answerer.digest(posed);
          const key = answerKey({ ...posed, question: question.id, model: answerer.id, promptDigest });
          if (known.has(key)) continue;
          await this.#until(() => this.#hasRoom());
          if (this.#ended) break;
          known.add(key);
          void this.#answer({ posed, promptDigest, pictures: [] }, recorder);
        }
        if (this.#ended) break;
      }
    } catch (error) {
      this.stop(error);
    }
    await this.#until(() => this.#open === 0);
    this.#halt.check();
    await recorder.finish();
    this.#emit({ type: 'finished', reason: this.#budgetStop ?? 'complete', errors: this.#errors });
  }

  get #ended(): boolean {
    return this.#halt.halted || this.#budgetStop !== null;
  }

  /** Sees one question through; what ends the whole run goes to `stop`. */
  async #answer(bare: Task, recorder: Recorder): Promise<void> {
    this.#open++;
    let bytes = 0;
    try {
      const task = await this.#prepare(bare);
      bytes = task.pictures.reduce((sum, picture) => sum + picture.bytes.length, 0);
      this.#heldBytes += bytes;
      const answer = this.#price(await this.#ask(task));
      if (answer.raw === null) await recorder.failed(answer);
      else await recorder.replied(answer);
    } catch (error) {
      await this.#recordOrStop(error, { task: bare, recorder });
    } finally {
      this.#open--;
      this.#heldBytes -= bytes;
      this.#changed();
    }
  }

  /** An image that does not decode and the like are this question's own error; anything else ends the run. */
  async #recordOrStop(
    error: unknown,
    { task, recorder }: { readonly task: Task; readonly recorder: Recorder },
  ): Promise<void> {
    if (error instanceof BudgetReached || this.#halt.halted) return;
    const own = error instanceof BiolensError && error.code === 'input' && !(error instanceof ModelError);
    if (!own) return this.stop(error);
    try {
      const failed = failedAnswer(task, { answerer: this.#options.answerer, attempts: 0, error });
      await recorder.refusedHere(this.#price(failed));
    } catch (failure) {
      this.stop(failure);
    }
  }

  async #prepare(task: Task): Promise<Task> {
    if (!this.#options.answerer.seesPictures) return task;
    this.#preparing++;
    try {
      return { ...task, pictures: await this.#pictures.prepare(task.posed.question.images) };
    } finally {
      this.#preparing--;
      this.#changed();
    }
  }

  #ask(task: Task): Promise<UnpricedAnswer> {
    const { answerer, settings, random = Math.random } = this.#options;
    return askOne(task, {
      answerer,
      random,
      gate: this.#gate,
      limit: this.#limit,
      halt: this.#halt,
      timeoutMs: settings.timeoutMs,
      attempts: settings.attempts,
      beforeSending: () => {
        this.#checkBudget();
        this.#underWay++;
      },
      afterSending: reply => {
        this.#underWay--;
        if (reply !== null) this.#spending.add(reply.usage);
        for (const message of reply?.warnings ?? []) this.#warn(message);
      },
      onRetry: ({ attempt, error, waitMs }) => {
        const { kind, message } = error;
        this.#emit({ type: 'retry', question: task.posed.question.id, attempt, kind, message, waitMs });
      },
      onPause: (waitMs, { message }) => this.#emit({ type: 'pause', waitMs, message }),
      sleep: async durationMs => {
        this.#asleep++;
        this.#changed();
        await this.#halt.sleep(durationMs).finally(() => this.#asleep--);
      },
    });
  }

  #checkBudget(): void {
    let stop: BudgetStop | null;
    try {
      stop = this.#spending.stopBefore(this.#underWay);
    } catch (error) {
      this.stop(error);
      throw error;
    }
    if (stop === null) return;
    this.#budgetStop = stop;
    const reached = new BudgetReached(stop);
    this.#gate.shut(reached);
    this.#changed();
    throw reached;
  }

  #price(answer: UnpricedAnswer): Answer {
    return { ...answer, cost: answer.raw === null ? null : this.#spending.costOf(answer.usage) };
  }

  #recorded(answer: Answer): void {
    this.#done++;
    if (answer.raw === null) this.#errors++;
    this.#emit({ type: 'answer', answer });
  }

  #warn(message: string): void {
    if (this.#warnings.has(message)) return;
    this.#warnings.add(message);
    this.#emit({ type: 'warning', message });
  }

  #emit(news: AskNews): void {
    this.events.push({ ...news, done: this.#done, total: this.#total, spent: this.#spending.spent });
  }

  /** Questions that wait out a back-off leave their place to others, up to as many again as are allowed at a time. */
  #hasRoom(): boolean {
    const { limit } = this.#limit;
    return (
      this.#open < limit + READ_AHEAD + Math.min(this.#asleep, limit) &&
      this.#preparing < PREPARED_AT_ONCE &&
      this.#heldBytes < HELD_BYTES &&
      this.events.size < UNREAD_EVENTS
    );
  }

  #changed(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /**
   * Waits for a condition; whoever changes what it looks at calls `#changed`. After a stop only what is open is waited
   * for.
   */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#halt.halted && this.#open === 0) return;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  #chooseLimit(): AdaptiveLimit {
    const { settings, answerer } = this.#options;
    if (settings.concurrency !== 'auto') return createFixedLimit(settings.concurrency);
    if (answerer.concurrency !== null) return createFixedLimit(answerer.concurrency);
    return createAdaptiveLimit({
      onChange: (limit, why) => {
        this.#emit({ type: 'concurrency', limit, why });
        this.#gate.wake();
        this.#changed();
      },
    });
  }
}
