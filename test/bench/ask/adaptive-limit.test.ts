import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import {
  type AdaptiveLimit,
  createAdaptiveLimit,
  type LimitChange,
} from '../../../src/jobs/bench/ask/adaptive-limit.ts';

interface Endpoint {
  /** Requests it works on at a time; others wait, and so does the client that sent them. */
  readonly workers: number;
  readonly serviceMs: number;
  /** Requests at a time above which it turns requests away. */
  readonly capacity?: number;
  /** Spread of the service time as a share of it. */
  readonly noise?: number;
}

/**
 * Asks an endpoint in simulated time, always with as many requests under way as are allowed; gives the limit after each
 * reply.
 */
function simulate(limit: AdaptiveLimit, endpoint: Endpoint, replies: number): number[] {
  const random = openStream(randomKey(7));
  const { workers, serviceMs, capacity = Number.POSITIVE_INFINITY, noise = 0 } = endpoint;
  const free = Array.from({ length: workers }, () => 0);
  const underWay: { readonly end: number; readonly began: number; readonly epoch: number; readonly ok: boolean }[] = [];
  const history: number[] = [];
  let now = 0;
  while (history.length < replies) {
    while (underWay.length < limit.limit) {
      const epoch = limit.begin();
      if (underWay.filter(({ ok }) => ok).length >= capacity)
        underWay.push({ end: now + 5, began: now, epoch, ok: false });
      else {
        free.sort((a, b) => a - b);
        const end = Math.max(now, free[0]!) + serviceMs * (1 + noise * (2 * random.uniform() - 1));
        free[0] = end;
        underWay.push({ end, began: now, epoch, ok: true });
      }
    }
    underWay.sort((a, b) => a.end - b.end);
    const next = underWay.shift()!;
    now = next.end;
    if (next.ok) limit.succeeded(next.epoch, now - next.began);
    else limit.overloaded(next.epoch);
    history.push(limit.limit);
  }
  return history;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the limit that is found', () => {
  test('an endpoint with room for everything: grows to the maximum, and fast', () => {
    const limit = createAdaptiveLimit({ max: 200 });
    const history = simulate(limit, { workers: 1000, serviceMs: 100 }, 2000);
    expect(limit.limit).toBe(200);
    expect(history.findIndex(value => value >= 128)).toBeLessThan(400);
  });

  test.each([1, 8, 20, 64])(
    'an endpoint that works on %i at a time: enough to keep it busy, not many times that',
    workers => {
      const limit = createAdaptiveLimit();
      const history = simulate(limit, { workers, serviceMs: 100, noise: 0.3 }, 6000);
      const settled = history.slice(2000);
      // With at least `workers` under way the endpoint is never idle.
      expect(mean(settled)).toBeGreaterThanOrEqual(Math.max(0.9 * workers, 1));
      expect(mean(settled)).toBeLessThan(Math.max(4 * workers, 16));
    },
  );

  test('an endpoint that turns away above 50: stays near and mostly below, and comes back after every halving', () => {
    const changes: LimitChange[] = [];
    const limit = createAdaptiveLimit({ onChange: (_, why) => changes.push(why) });
    const history = simulate(limit, { workers: 1000, serviceMs: 100, capacity: 50 }, 20_000);
    const settled = history.slice(2000);
    expect(mean(settled)).toBeGreaterThan(25);
    expect(mean(settled)).toBeLessThan(60);
    expect(changes.filter(why => why === 'overloaded').length).toBeGreaterThan(3);
    expect(Math.max(...settled)).toBeGreaterThan(50);
  });

  test('capacity that appears later is found', () => {
    const limit = createAdaptiveLimit();
    simulate(limit, { workers: 4, serviceMs: 100 }, 1000);
    expect(limit.limit).toBeLessThan(20);
    simulate(limit, { workers: 1000, serviceMs: 100 }, 20_000);
    expect(limit.limit).toBeGreaterThan(60);
  });
});

describe('halving', () => {
  test('a burst of refusals halves once', () => {
    const limit = createAdaptiveLimit({ initial: 64 });
    const epochs = Array.from({ length: 64 }, () => limit.begin());
    for (const epoch of epochs) limit.overloaded(epoch);
    expect(limit.limit).toBe(32);
    limit.overloaded(limit.begin());
    expect(limit.limit).toBe(16);
  });

  test('one is the least', () => {
    const limit = createAdaptiveLimit({ initial: 2 });
    for (let i = 0; i < 10; i++) limit.overloaded(limit.begin());
    expect(limit.limit).toBe(1);
  });

  test('growth after a halving is by a tenth, not by doubling', () => {
    const limit = createAdaptiveLimit({ initial: 64 });
    limit.overloaded(limit.begin());
    for (let i = 0; i < 32; i++) limit.succeeded(limit.begin(), 100);
    expect(limit.limit).toBe(35);
  });
});
