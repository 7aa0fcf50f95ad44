/** An attempt that was not looked at, because there were too many. */
export class LimitedError extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    // The same for every reason: whose limit it was is nobody's business.
    super('too many rejected attempts');
    this.name = 'LimitedError';
    this.retryAfterMs = retryAfterMs;
  }
}
