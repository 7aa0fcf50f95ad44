import type { RunEvent } from '../../ground/contracts/index.ts';
import { type FoundRun, ItemCounter } from '../../kit/runs/index.ts';

interface Watched {
  readonly counter: ItemCounter;
  readonly listeners: Set<(event: RunEvent | null) => void>;
  last: RunEvent | null;
  timer: NodeJS.Timeout | null;
}

export interface RunWatcherOptions {
  /** One run by its id; null where it has gone. */
  readonly find: (id: string) => Promise<FoundRun | null>;
  readonly pollMs: number;
}

/**
 * Follows runs for any number of pages: one look at a time at each run that is followed, whoever asks, and none at the others.
 */
export class RunWatcher {
  readonly #options: RunWatcherOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: RunWatcherOptions) {
    this.#options = options;
  }

  /** Looks at the run since the watcher was made, for tests and measurements. */
  looks = 0;

  /** The state of a run now and whenever it changes, until it is no longer running, has gone, or the signal is aborted. */
  async *follow({ path, record: { id } }: FoundRun, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const waiting: (RunEvent | null)[] = [];
    let wake: () => void = () => undefined;
    const listener = (event: RunEvent | null): void => {
      waiting.push(event);
      wake();
    };
    const onAbort = (): void => listener(null);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#add(id, path, listener);
    try {
      while (!signal.aborted) {
        if (waiting.length === 0) await new Promise<void>(done => (wake = done));
        // Only the newest counts: a slow reader does not work through the past.
        const event = waiting.at(-1);
        waiting.length = 0;
        if (event === null || event === undefined) return;
        yield event;
        if (event.status !== 'running') return;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#remove(id, listener);
    }
  }

  #add(id: string, path: string, listener: (event: RunEvent | null) => void): void {
    const known = this.#watched.get(id);
    if (known !== undefined) {
      known.listeners.add(listener);
      if (known.last !== null) listener(known.last);
      return;
    }
    const watched: Watched = {
      counter: new ItemCounter(path),
      listeners: new Set([listener]),
      last: null,
      timer: null,
    };
    this.#watched.set(id, watched);
    void this.#poll(id, watched);
  }

  #remove(id: string, listener: (event: RunEvent | null) => void): void {
    const watched = this.#watched.get(id);
    watched?.listeners.delete(listener);
    if (watched === undefined || watched.listeners.size > 0) return;
    if (watched.timer !== null) clearTimeout(watched.timer);
    this.#watched.delete(id);
  }

  async #poll(id: string, watched: Watched): Promise<void> {
    const event = await this.#look(id, watched.counter).catch(() => null);
    if (this.#watched.get(id) !== watched) return;
    const { last } = watched;
    if (event === null || last?.status !== event.status || last.itemsDone !== event.itemsDone) {
      watched.last = event;
      for (const listener of watched.listeners) listener(event);
    }
    if (event?.status === 'running')
      watched.timer = setTimeout(() => void this.#poll(id, watched), this.#options.pollMs);
    // A run that is resumed is watched anew.
    else this.#watched.delete(id);
  }

  async #look(id: string, counter: ItemCounter): Promise<RunEvent | null> {
    this.looks++;
    const found = await this.#options.find(id);
    return found === null ? null : { status: found.record.status, itemsDone: await counter.count() };
  }
}
