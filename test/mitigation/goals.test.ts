import { describe, expect, test } from 'vitest';
import type { Metric } from '../../src/ground/contracts/index.ts';
import { proportionMetric } from '../../src/ground/math/index.ts';
import type { SampleAudit } from '../../src/jobs/mitigation/audit-samples.ts';
import { type Goals, judgeGoals } from '../../src/jobs/mitigation/goals.ts';

const fid = (value: number, low: number, high: number): Metric => ({
  value,
  n: 256,
  interval: { low, high, confidence: 0.95, method: 'bootstrap' },
});

/** The parts of an audit that goals look at. */
function auditOf(parts: {
  readonly copies?: number;
  readonly first?: number;
  readonly n?: number;
  readonly p?: number | null;
  readonly fid?: Metric;
}): SampleAudit {
  const { copies = 0, n = 1000, first = n / 2, p = 0.001, fid: quality = fid(100, 90, 110) } = parts;
  const shares = { male: proportionMetric(first, n), female: proportionMetric(n - first, n) };
  return {
    replication: { copied: proportionMetric(copies, n), permutation: { p } },
    bias: { attributes: { gender: { classes: ['male', 'female'], generated: shares, corrected: null } } },
    quality: { fid: quality },
  } as unknown as SampleAudit;
}

const goals: Goals = {
  copied: 0.01,
  targets: [{ attribute: 'gender', classes: ['male', 'female'], shares: [0.5, 0.5] }],
  tolerance: 0.05,
  qualityFloor: 1.1,
};

const states = (audit: SampleAudit, firstFid: number | null = 100) =>
  judgeGoals(audit, goals, firstFid).map(({ state }) => state.holds);

describe('goals', () => {
  test('hold by the end of the interval', () => {
    expect(states(auditOf({ copies: 2, first: 510 }))).toEqual([true, true, true]);
    // 0.8 % of 1,000 may be more than 1 %; 54 % may be more than 55 %.
    expect(states(auditOf({ copies: 8 }))).toEqual([false, true, true]);
    expect(states(auditOf({ first: 540 }))).toEqual([true, false, true]);
  });

  test('copies hold too where nothing tells training from held-out pictures', () => {
    expect(states(auditOf({ copies: 8, p: 0.4 }))[0]).toBe(true);
    expect(states(auditOf({ copies: 8, p: null }))[0]).toBe(false);
    // One image copied many times is one chance for the test, which cannot excuse what is called.
    expect(states(auditOf({ copies: 250, p: 0.2 }))[0]).toBe(false);
  });

  test('say how many samples would make sure, and nothing where more would not help', () => {
    const wants = (audit: SampleAudit) => judgeGoals(audit, goals, 100)[1]!.wants;
    const few = wants(auditOf({ first: 102, n: 200 }));
    expect(few).toBeGreaterThan(500);
    expect(few).toBeLessThan(1000);
    expect(wants(auditOf({ first: 120, n: 200 }))).toBe(0);
    expect(wants(auditOf({ first: 500 }))).toBe(0);
  });

  test('quality stops the loop by its interval, not by its value', () => {
    const quality = (metric: Metric) => judgeGoals(auditOf({ fid: metric }), goals, 100).at(-1)!;
    expect(quality(fid(115, 95, 135))).toMatchObject({ state: { holds: false }, surelyMissed: false });
    expect(quality(fid(130, 112, 150))).toMatchObject({ state: { holds: false }, surelyMissed: true });
    expect(judgeGoals(auditOf({}), goals, null).at(-1)?.state.holds).toBe(true);
  });

  test('tell which class is farthest off', () => {
    const [, mix] = judgeGoals(auditOf({ first: 700 }), goals, 100);
    expect(mix?.state.because).toMatch(/^(male 70\.0|female 30\.0) % \[.*\], wanted 50\.0 % ± 5$/);
    expect(mix?.distance).toBeCloseTo(4);
  });
});
