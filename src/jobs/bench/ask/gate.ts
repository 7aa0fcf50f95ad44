/** Lets so many requests at a time through to an endpoint, none while the endpoint wants to be left alone. */
export interface Gate {
  /** Resolves, first come first served, when a request may be sent; `release` has to follow. */
  enter(): Promise<void>;
  release(): void;
  /** Holds everybody back for so long, unless a longer pause is already on; true where this made a difference. */
  pause(durationMs: number): boolean;
  /** To be called when the limit may have grown. */
  wake(): void;
  /** Everybody who waits, and everybody who comes, gets this error. */
  shut(reason: unknown): void;
}

/** @param limit - how many may be inside at the moment it is called */
export function createGate(limit: () => number): Gate {
  const waiting: { readonly go: () => void; readonly fail: (reason: unknown) => void }[] = [];
  let inside = 0;
  let pausedUntil = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed: { readonly reason: unknown } | undefined;

  const wake = (): void => {
    const now = performance.now();
    if (pausedUntil > now) {
      // Timers may fire a fraction of a millisecond early.
      timer ??= setTimeout(
        () => {
          timer = undefined;
          wake();
        },
        pausedUntil - now + 1,
      );
      return;
    }
    while (inside < limit()) {
      const next = waiting.shift();
      if (next === undefined) return;
      inside++;
      next.go();
    }
  };

  return {
    enter() {
      if (closed !== undefined) return Promise.reject(closed.reason);
      return new Promise((go, fail) => {
        waiting.push({ go, fail });
        wake();
      });
    },
    release() {
      inside--;
      wake();
    },
    pause(durationMs) {
      const until = performance.now() + durationMs;
      if (until <= pausedUntil) return false;
      pausedUntil = until;
      clearTimeout(timer);
      timer = undefined;
      wake();
      return true;
    },
    wake,
    shut(reason) {
      closed ??= { reason };
      clearTimeout(timer);
      for (const { fail } of waiting.splice(0)) fail(closed.reason);
    },
  };
}
