import { BiolensError } from '../../../ground/errors.ts';

/** How old a probe may be. */
const WINDOW_MS = 5 * 60_000;
const MOST_REMEMBERED = 1_000_000;

/** Refuses what was seen before: remembers identifiers as long as their age lets them in. */
export class ReplayGuard {
  readonly #seen = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @throws {BiolensError} `input` for one that is too old, of the future, or there already */
  check(kind: string, { id, time }: { readonly id: string; readonly time: number }): void {
    const now = this.#now();
    if (!(Math.abs(now - time) <= WINDOW_MS))
      throw new BiolensError('input', `${kind}: made ${Math.round((now - time) / 1000)} s ago, expected at most 300`);
    for (const [old, when] of this.#seen) {
      if (now - when <= 2 * WINDOW_MS) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(id)) throw new BiolensError('input', `${kind}: seen before`);
    if (this.#seen.size >= MOST_REMEMBERED) throw new BiolensError('external', `${kind}: too many in five minutes`);
    this.#seen.set(id, now);
  }
}
