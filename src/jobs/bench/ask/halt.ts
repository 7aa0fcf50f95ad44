/** Ends everything that is under way, at once and for one reason. */
export interface Halt {
  readonly halted: boolean;
  /** @throws the reason of a halt */
  check(): void;
  now(reason: unknown): void;
  /** Calls back on a halt; the result takes that back. */
  onHalt(callback: (reason: unknown) => void): () => void;
  /** @throws the reason of a halt */
  sleep(durationMs: number): Promise<void>;
}

/** A set of callbacks rather than one `AbortSignal`, which hundreds of requests would hang their listeners on. */
export function createHalt(): Halt {
  const callbacks = new Set<(reason: unknown) => void>();
  let ended: { readonly reason: unknown } | undefined;

  const onHalt = (callback: (reason: unknown) => void): (() => void) => {
    if (ended !== undefined) callback(ended.reason);
    else callbacks.add(callback);
    return () => callbacks.delete(callback);
  };

  return {
    get halted() {
      return ended !== undefined;
    },
    check() {
      if (ended !== undefined) throw ended.reason;
    },
    now(reason) {
      if (ended !== undefined) return;
      ended = { reason };
      for (const callback of callbacks) callback(reason);
      callbacks.clear();
    },
    onHalt,
    sleep: durationMs =>
      new Promise((resolve, reject) => {
        let forget = (): void => {};
        const timer = setTimeout(() => {
          forget();
          resolve();
        }, durationMs);
        forget = onHalt(reason => {
          clearTimeout(timer);
          reject(reason);
        });
      }),
  };
}
