/** What happened to a limit, for people who watch. */
export type LimitChange = 'growing' | 'saturated' | 'probing' | 'overloaded';

export interface AdaptiveLimitOptions {
  readonly initial?: number;
  readonly max?: number;
  readonly onChange?: (limit: number, why: LimitChange) => void;
}

/** Requests at a time that an endpoint takes well, found out while asking. */
export interface AdaptiveLimit {
  readonly limit: number;
  /** Called when a request is sent; the result belongs to that request. */
  begin(): number;
  /** A request that `begin` gave `epoch` for got its reply. */
  succeeded(epoch: number, latencyMs: number): void;
  /** A request was turned away or timed out for want of capacity. */
  overloaded(epoch: number): void;
}

/**
 * A larger limit has to bring this share of the throughput that it would bring an endpoint with capacity to spare; a
 * smaller one may cost no more than that.
 */
const WORTHWHILE = 0.25;
/** Windows to stay at a limit before trying another: load on shared endpoints comes and goes. */
const HOLD_WINDOWS = 10;
const DEFAULT_INITIAL = 4;
const DEFAULT_MAX = 256;

/**
 * Finds the number of requests at a time that saturates an endpoint.
 *
 * Time is cut into windows of as many replies as there are requests allowed, all of them sent since the last change.
 * The throughput of a window is limit / mean latency (Little's law). While a larger limit brings more throughput it
 * doubles; when it stops doing so the limit goes back to the best one and is held. From time to time a tenth more and a
 * fifth less are tried in turn, and kept where more brings throughput or less costs none: more than that only makes
 * requests wait at the endpoint. When the endpoint turns a request away the limit halves, and grows by a tenth a window
 * from there (additive increase, multiplicative decrease). Refusals of requests that were already under way when the
 * limit last fell do not halve it again.
 */
export function createAdaptiveLimit(options: AdaptiveLimitOptions = {}): AdaptiveLimit {
  const { initial = DEFAULT_INITIAL, max = DEFAULT_MAX, onChange } = options;
  let limit = Math.min(initial, max);
  let epoch = 0;
  let doubling = true;
  let holding = false;
  let windowsHeld = 0;
  let probeDown = true;
  let replies = 0;
  let latencySum = 0;
  let best: { readonly limit: number; readonly throughput: number } | null = null;

  const change = (next: number, why: LimitChange): void => {
    replies = 0;
    latencySum = 0;
    windowsHeld = 0;
    holding = why === 'saturated';
    if (next === limit) return;
    limit = next;
    epoch++;
    onChange?.(limit, why);
  };

  const grow = (why: LimitChange): void => {
    const step = doubling ? limit : Math.max(1, Math.round(limit / 10));
    change(Math.min(max, limit + step), why);
  };

  const probe = (): void => {
    probeDown = !probeDown;
    if (probeDown && limit > 1) change(Math.min(limit - 1, Math.round(limit * 0.8)), 'probing');
    else grow('probing');
  };

  const isWorthwhile = (throughput: number): boolean =>
    best === null || throughput >= best.throughput * (1 + WORTHWHILE * (limit / best.limit - 1));

  const endWindow = (): void => {
    const throughput = (limit * replies) / latencySum;
    replies = 0;
    latencySum = 0;
    if (holding) {
      best = { limit, throughput };
      windowsHeld++;
      if (windowsHeld >= HOLD_WINDOWS) probe();
    } else if (isWorthwhile(throughput)) {
      const shrunk = best !== null && limit < best.limit;
      best = { limit, throughput };
      if (shrunk) holding = true;
      else grow('growing');
    } else {
      doubling = false;
      change(best?.limit ?? limit, 'saturated');
    }
  };

  return {
    get limit() {
      return limit;
    },
    begin: () => epoch,
    succeeded(began, latencyMs) {
      if (began !== epoch) return;
      replies++;
      latencySum += Math.max(latencyMs, 0.01);
      if (replies >= Math.max(limit, 4)) endWindow();
    },
    overloaded(began) {
      if (began !== epoch || limit === 1) return;
      doubling = false;
      best = null;
      change(Math.max(1, Math.floor(limit / 2)), 'overloaded');
    },
  };
}

/** A limit that somebody has set. */
export function createFixedLimit(limit: number): AdaptiveLimit {
  return { limit, begin: () => 0, succeeded() {}, overloaded() {} };
}
