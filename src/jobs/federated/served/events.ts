/** What callbacks tell, in its order, for one reader that asks for it. */
export class Events<T> {
  readonly #waiting: T[] = [];
  #wake: () => void = () => undefined;
  #ended = false;

  push(event: T): void {
    this.#waiting.push(event);
    this.#wake();
  }

  /** There are no more. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      yield* this.#waiting.splice(0);
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }
}
