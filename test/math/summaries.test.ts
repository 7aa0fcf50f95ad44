import { describe, expect, test } from 'vitest';
import { logSumExp, mean, quantile, variance } from '../../src/ground/math/summaries.ts';

describe('summaries', () => {
  test('mean and variance far from zero keep their digits', () => {
    // numpy: x = 1e9 + [4, 7, 13, 16]; x.var(ddof=1) = 30, x.var() = 22.5. The formula Σx² − n·x̄² gives 0 or less.
    const values = [4, 7, 13, 16].map(x => 1e9 + x);
    expect(mean(values)).toBe(1e9 + 10);
    expect(variance(values)).toBe(30);
    expect(variance(values, { ddof: 0 })).toBe(22.5);
    expect(variance([3], { ddof: 0 })).toBe(0);
    expect(() => variance([3])).toThrow('"values" expected 2 or more numbers, got 1');
    expect(() => mean([])).toThrow('"values" expected 1 or more numbers, got 0');
  });

  test('quantile is type 7', () => {
    // numpy 2: np.quantile([1, 2, 4, 8, 16], q)
    const sorted = [1, 2, 4, 8, 16];
    const expected = { 0: 1, 0.1: 1.4, 0.25: 2, 0.4: 3.2, 0.5: 4, 0.9: 12.8, 1: 16 };
    for (const [q, value] of Object.entries(expected)) expect(quantile(sorted, Number(q))).toBeCloseTo(value, 12);
    expect(quantile([7], 0.3)).toBe(7);
    expect(quantile([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 0.5)).toBe(Number.NEGATIVE_INFINITY);
    expect(() => quantile([], 0.5)).toThrow('"sorted"');
    expect(() => quantile([1], 1.5)).toThrow('"q"');
  });

  test('logSumExp neither overflows nor underflows', () => {
    // scipy.special.logsumexp([1000, 1001, 999.5]) = 1001.4643687841079, and 2000 lower for the second.
    expect(logSumExp([1000, 1001, 999.5])).toBeCloseTo(1001.4643687841079, 9);
    expect(logSumExp([-1000, -999, -1000.5])).toBeCloseTo(1001.4643687841079 - 2000, 9);
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
    expect(logSumExp([Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY);
  });
});
