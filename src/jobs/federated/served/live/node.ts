/** Milliseconds between two writings. */
const LIVE_MS = 500;

/** Writes how far a federation is, now and then, for pages that follow it. */
export class LiveReport {
  readonly #write: () => Promise<unknown>;
  #timer: NodeJS.Timeout | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(write: () => Promise<unknown>) {
    this.#write = write;
  }

  /** Something has changed. */
  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      // Pages do without it; the work does not end for it.
      this.#last = this.#last.then(() => this.#write()).catch(() => undefined);
    }, LIVE_MS);
  }

  async end(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#last;
  }
}
