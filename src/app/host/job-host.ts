import type { HostedRun } from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import {
  checkGatePaths,
  commandOf,
  failedGates,
  type Job,
  type JobEvent,
  type JobNews,
  type JobPlan,
  parseConfiguration,
  parseGate,
  planJob,
  type RunJobOptions,
  resultOf,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { findRun } from '../../kit/runs/index.ts';
import { findJob } from '../jobs.ts';
import { pageBeforeDone } from '../pages/index.ts';
import { checkPermitted, type Permissions } from './permissions.ts';

type AnyEvent = JobEvent<{ readonly type: string }, unknown>;

export interface JobHostOptions extends Permissions {
  readonly jobs: readonly Job[];
  readonly runsDir: string;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** No face on a page that is written can be recognised. */
  readonly blur?: boolean;
}

export interface StartRequest {
  readonly name?: string | undefined;
  /** Conditions as `--fail-on` takes them. */
  readonly failOn?: readonly string[] | undefined;
}

/** Jobs worked on at the same time: more would only make each other wait. */
const MOST_AT_ONCE = 4;
const NOTES_KEPT = 100;

class Hosted {
  readonly job: Job;
  readonly gates: readonly ReturnType<typeof parseGate>[];
  readonly controller = new AbortController();
  state: HostedRun = { id: '', kind: '', state: 'running', progress: null, notes: [], error: null, gates: [] };
  settled: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<() => void>();

  constructor(job: Job, gates: Hosted['gates']) {
    this.job = job;
    this.gates = gates;
  }

  update(change: Partial<HostedRun>): void {
    this.state = { ...this.state, ...change };
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  tell(news: JobNews | null): void {
    if (news?.type === 'progress') this.update({ progress: news });
    else if (news !== null) this.update({ notes: [...this.state.notes, news.text].slice(-NOTES_KEPT) });
  }

  changed(): Promise<void> {
    return new Promise(resolve => this.#waiting.add(resolve));
  }
}

/**
 * Works on runs for those who ask from outside the command line: the studio's pages and assistants. Everything is checked as the command
 * line checks it, and paths must lie in the roots.
 */
export class JobHost {
  readonly #options: JobHostOptions;
  readonly #runs = new Map<string, Hosted>();

  constructor(options: JobHostOptions) {
    this.#options = options;
  }

  get #permissions(): Permissions {
    const { roots, models } = this.#options;
    return { roots, models };
  }

  get jobs(): readonly Job[] {
    return this.#options.jobs;
  }

  async #checked(
    kind: string,
    input: unknown,
  ): Promise<{ readonly job: Job; readonly configuration: Record<string, unknown> }> {
    const job = findJob(kind, this.#options.jobs);
    const configuration = parseConfiguration(job, input);
    await checkPermitted(configuration, { schema: job.configuration, ...this.#permissions });
    return { job, configuration };
  }

  /** What a job would do; see `planJob`. */
  async plan(
    kind: string,
    input: unknown,
  ): Promise<{ readonly configuration: unknown; readonly plan: JobPlan; readonly command: string }> {
    const { job, configuration } = await this.#checked(kind, input);
    const { runsDir, environment } = this.#options;
    const found = await planJob(job, configuration, { runsDir, environment });
    return { ...found, command: commandOf(job, found.configuration) };
  }

  /**
   * Starts a job and resolves once its run has begun.
   *
   * @returns the run's id
   * @throws {BiolensError} what is wrong with it
   */
  async start(kind: string, input: unknown, { name, failOn = [] }: StartRequest = {}): Promise<string> {
    const { job, configuration } = await this.#checked(kind, input);
    const gates = failOn.map(parseGate);
    checkGatePaths(job, gates);
    const { runsDir, environment } = this.#options;
    return await this.#work(job, gates, options =>
      startJob(job, configuration, { runsDir, environment, name, ...options }),
    );
  }

  /** Resumes a run. @returns its id */
  async resume(id: string, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { path, record } = await findRun(id, this.#options.runsDir);
    const job = findJob(record.kind, this.#options.jobs);
    await checkPermitted(record.configuration, { schema: job.configuration, ...this.#permissions });
    const { environment } = this.#options;
    return await this.#work(job, [], options => resumeJob(job, path, { environment, changes, ...options }));
  }

  /** Repeats a run with some fields changed. @returns the id of the new run */
  async rerun(id: string, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { record } = await findRun(id, this.#options.runsDir);
    const job = findJob(record.kind, this.#options.jobs);
    const recorded = job.repeatable?.(record.configuration) ?? record.configuration;
    return await this.start(record.kind, { ...recorded, ...changes });
  }

  /** Interrupts a run that this process works on; it can be resumed. */
  async stop(id: string): Promise<void> {
    const hosted = this.#runs.get(id);
    if (hosted === undefined) throw new BiolensError('usage', `run ${id} is not worked on here`);
    hosted.controller.abort();
    await hosted.settled;
  }

  /** How far a run is; null where this process has never worked on it. */
  look(id: string): HostedRun | null {
    return this.#runs.get(id)?.state ?? null;
  }

  /** The state of a run now and whenever it changes, until it is over. */
  async *follow(id: string): AsyncGenerator<HostedRun> {
    const hosted = this.#runs.get(id);
    if (hosted === undefined) return;
    for (;;) {
      const change = hosted.changed();
      const { state } = hosted;
      yield state;
      if (state.state !== 'running') return;
      if (hosted.state === state) await change;
    }
  }

  /** Interrupts everything and waits for it to end. */
  async close(): Promise<void> {
    for (const { controller } of this.#runs.values()) controller.abort();
    await Promise.all([...this.#runs.values()].map(({ settled }) => settled));
  }

  async #work(
    job: Job,
    gates: Hosted['gates'],
    start: (options: Pick<RunJobOptions, 'signal' | 'beforeDone'>) => AsyncIterable<AnyEvent>,
  ): Promise<string> {
    const busy = [...this.#runs.values()].filter(({ state }) => state.state === 'running').length;
    if (busy >= MOST_AT_ONCE)
      throw new BiolensError('usage', `${busy} runs are being worked on; wait for one to end, or stop it`);
    const hosted = new Hosted(job, gates);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const { signal } = hosted.controller;
    const beforeDone = pageBeforeDone(job, { blur: this.#options.blur ?? false, signal });
    const events = start({ signal, beforeDone });
    hosted.settled = this.#pump(hosted, events, id => {
      hosted.update({ id, kind: job.kind });
      this.#runs.set(id, hosted);
      resolve(id);
    }).catch(reject);
    return await promise;
  }

  /** Carries events into the state; errors after the run has begun are part of the state. */
  async #pump(hosted: Hosted, events: AsyncIterable<AnyEvent>, begun: (id: string) => void): Promise<void> {
    const news = hosted.job.news();
    try {
      for await (const event of events) {
        if (event.type === 'run' && 'id' in event) begun(String(event.id));
        else if (event.type === 'result' && 'report' in event && 'id' in event) this.#end(hosted, event);
        else hosted.tell(news.tell(event));
      }
    } catch (error) {
      if (hosted.state.id === '') throw error;
      const interrupted = error instanceof BiolensError && error.code === 'interrupted';
      hosted.update({ state: interrupted ? 'interrupted' : 'failed', error: interrupted ? null : messageOf(error) });
    }
  }

  #end(hosted: Hosted, finished: { readonly id: string; readonly report: unknown }): void {
    const { job, gates } = hosted;
    hosted.update({ state: 'done', gates: gates.length === 0 ? [] : failedGates(resultOf(job, finished), gates) });
  }
}
