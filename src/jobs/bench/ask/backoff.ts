export interface BackoffOptions {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  /** What the server asked for, or null. */
  readonly retryAfterMs: number | null;
  /** Uniform on [0, 1). */
  readonly random: () => number;
}

const BASE_MS = 500;
const CAP_MS = 30_000;

/**
 * How long to wait before the next attempt: exponential with full jitter (uniform between zero and `500 ms · 2^(attempt
 * − 1)`, at most 30 s), so that requests that failed together do not come back together; where the server names a time,
 * that and up to half a second more.
 *
 * M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs({ attempt, retryAfterMs, random }: BackoffOptions): number {
  if (retryAfterMs !== null) return retryAfterMs + random() * BASE_MS;
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
}
