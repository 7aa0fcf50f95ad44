/** Events from work that goes on by itself to whoever reads them one by one. */
export interface EventChannel<T> extends AsyncIterable<T> {
  /** Events that nobody has read yet. */
  readonly size: number;
  push(event: T): void;
  /** No more events come; readers get `error` after the ones that are still there. */
  close(error?: unknown): void;
}

/** @param onRead - called after an event was taken out */
export function createEventChannel<T>(onRead: () => void): EventChannel<T> {
  const events: T[] = [];
  let ended: { readonly error: unknown } | undefined;
  let notify: (() => void) | undefined;

  const wake = (): void => {
    notify?.();
    notify = undefined;
  };

  return {
    get size() {
      return events.length;
    },
    push(event) {
      events.push(event);
      wake();
    },
    close(error) {
      ended ??= { error };
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (events.length > 0) {
          // Taken in one go: a shift an event would make a long queue quadratic.
          for (const event of events.splice(0)) yield event;
          onRead();
        }
        if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        await new Promise<void>(resolve => {
          notify = resolve;
        });
      }
    },
  };
}
