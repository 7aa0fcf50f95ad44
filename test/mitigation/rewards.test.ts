import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aimAt } from '../../src/jobs/mitigation/rewards/aim.ts';
import { biasRewards, READINGS, type Reading } from '../../src/jobs/mitigation/rewards/bias.ts';
import { combineRewards, normaliseRewards, rewardLoss } from '../../src/jobs/mitigation/rewards/combine.ts';
import { replicationDegrees, replicationRewards } from '../../src/jobs/mitigation/rewards/replication.ts';

/** The formula as it is printed, with 0⁰ = 1; class 1 is y = 1. */
function published(y: 0 | 1, current: number, wanted: number): number {
  return wanted + (wanted - current) ** y + (current - wanted) ** (1 - y);
}

/** The formula with products in place of powers. */
function withProducts(y: 0 | 1, current: number, wanted: number): number {
  return y * (wanted - current) + (1 - y) * (current - wanted) + wanted;
}

const share = fc.integer({ min: 0, max: 1000 }).map(n => n / 1000);

/** Shares of 2 to 8 classes, none of them 0. */
const distribution = fc
  .array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 8 })
  .map(weights => weights.map(weight => weight / weights.reduce((a, b) => a + b, 0)));

const step = (shares: readonly number[], target: readonly number[], reading: Reading): number[] => {
  const weighted = biasRewards(shares, target, reading).map((reward, i) => reward * shares[i]!);
  const sum = weighted.reduce((a, b) => a + b, 0);
  return weighted.map(weight => weight / sum);
};

describe('bias rewards', () => {
  test('are the published formula for two classes', () => {
    fc.assert(
      fc.property(share, share, (current, wanted) => {
        const [zero, one] = biasRewards([1 - current, current], [1 - wanted, wanted], 'A');
        expect(one).toBeCloseTo(published(1, current, wanted), 12);
        expect(zero).toBeCloseTo(published(0, current, wanted), 12);
        const [productZero, productOne] = biasRewards([1 - current, current], [1 - wanted, wanted], 'B');
        expect(productOne).toBeCloseTo(Math.max(0, withProducts(1, current, wanted)), 12);
        expect(productZero).toBeCloseTo(Math.max(0, withProducts(0, current, wanted)), 12);
      }),
    );
  });

  test('values of the two readings', () => {
    expect(biasRewards([0.3, 0.7], [0.5, 0.5], 'A')).toEqual([expect.closeTo(1.7), expect.closeTo(1.3)]);
    expect(biasRewards([0.3, 0.7], [0.5, 0.5], 'B')).toEqual([expect.closeTo(0.7), expect.closeTo(0.3)]);
    expect(biasRewards([0.1, 0.9], [0.8, 0.2], 'B')).toEqual([expect.closeTo(0.9), 0]);
  });

  test.each(READINGS)('reading %s rests at the target, whatever the classes', reading => {
    fc.assert(
      fc.property(distribution, target => {
        const rewards = biasRewards(target, target, reading);
        for (const reward of rewards) expect(reward).toBeCloseTo(rewards[0]!, 12);
        expect(rewards[0]).toBeGreaterThan(0);
      }),
    );
  });

  test.each(READINGS)('reading %s leads to the target from any start, for any target', reading => {
    fc.assert(
      fc.property(distribution, fc.nat(), (target, seed) => {
        let shares = target.map((_, i) => 1 + ((seed >> (i * 3)) & 7));
        const sum = shares.reduce((a, b) => a + b, 0);
        shares = shares.map(value => value / sum);
        // B can silence a class, which then stays silent, when its target is small or far away; A cannot.
        if (reading === 'B') {
          fc.pre(target.every(value => value >= 0.5 / target.length));
          shares = shares.map((value, i) => 0.2 * value + 0.8 * target[i]!);
        }
        for (let round = 0; round < 4000; round++) shares = step(shares, target, reading);
        shares.forEach((value, i) => {
          expect(value).toBeCloseTo(target[i]!, 3);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('are never negative', () => {
    fc.assert(
      fc.property(distribution, fc.constantFrom(...READINGS), (target, reading) => {
        const shares = target.map((_, i) => (i === 0 ? 1 : 0));
        for (const reward of biasRewards(shares, target, reading)) expect(reward).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('refuse shares that do not sum to 1', () => {
    expect(() => biasRewards([0.5, 0.5], [0.5, 0.6], 'A')).toThrow('"target" expected 2 shares or more that sum to 1');
    expect(() => biasRewards([0.5, 0.5], [0.2, 0.3, 0.5], 'A')).toThrow('"target" expected 2 shares, got 3');
  });
});

describe('replication rewards', () => {
  test('are 1 less the degree', () => {
    const rewards = replicationRewards(replicationDegrees(Float32Array.of(0.95, 0.35, -0.2, 1), 'cosine'));
    expect([...rewards]).toEqual([expect.closeTo(0.05), expect.closeTo(0.65), 1, 0]);
  });

  test('calibrated ones span the band between look-alikes and copies', () => {
    const degrees = replicationDegrees(Float32Array.of(0.3, 0.5, 0.625, 0.75, 0.9), 'calibrated', {
      usual: 0.5,
      match: 0.75,
    });
    expect([...degrees]).toEqual([0, 0, 0.5, 1, 1]);
  });

  test('refuse NaN', () => {
    expect(() => replicationRewards(Float32Array.of(0.1, Number.NaN))).toThrow('sample 1: degree of replication');
  });
});

describe('rewards of several goals', () => {
  const goals = [
    { name: 'copying', rewards: Float32Array.of(0, 0.5, 1) },
    { name: 'gender', rewards: Float32Array.of(1.5, 1, 0.5) },
  ];

  test('are multiplied or averaged', () => {
    expect([...combineRewards(goals, 'product')]).toEqual([0, 0.5, 0.5]);
    expect([...combineRewards(goals, 'mean')]).toEqual([0.75, 0.75, 0.75]);
  });

  test('name the goal that gives NaN or less than 0', () => {
    const bad = { name: 'smile.onnx', rewards: Float32Array.of(1, 1, Number.NaN) };
    expect(() => combineRewards([...goals, bad], 'product')).toThrow('smile.onnx: the reward of sample 2 is NaN');
    const negative = { name: 'smile.onnx', rewards: Float32Array.of(-1, 1, 1) };
    expect(() => combineRewards([negative], 'mean')).toThrow('smile.onnx: the reward of sample 0 is -1');
  });

  test('come to a mean of 1', () => {
    expect([...normaliseRewards(Float32Array.of(0, 1, 3))]).toEqual([0, 0.75, 2.25]);
    expect(() => normaliseRewards(Float32Array.of(0, 0))).toThrow('all of 2 samples have the reward 0');
  });

  test('the loss adds γ times that of the training images', () => {
    const losses = { samples: Float32Array.of(1, 2), training: Float32Array.of(4, 6) };
    expect(rewardLoss(Float32Array.of(0.5, 0.25), losses, 0)).toBe(0.5);
    expect(rewardLoss(Float32Array.of(0.5, 0.25), losses, 0.1)).toBeCloseTo(1);
  });
});

describe('the shares that are aimed at', () => {
  test('are the targets, moved by what tuned rounds missed in sum', () => {
    expect(aimAt([0.5, 0.5], [[0.4, 0.6]], 0)).toEqual([0.5, 0.5]);
    expect(aimAt([0.5, 0.5], [], 1)).toEqual([0.5, 0.5]);
    const missed = aimAt(
      [0.5, 0.3, 0.2],
      [
        [0.4, 0.3, 0.3],
        [0.45, 0.35, 0.2],
      ],
      1,
    );
    expect(missed).toEqual([0.65, 0.25, 0.1].map(share => expect.closeTo(share, 12)));
  });

  test('give up no class that is wanted, and want none that is not', () => {
    const aimed = aimAt(
      [0.1, 0.9, 0],
      [
        [0.9, 0.1, 0],
        [0.9, 0.1, 0],
      ],
      1,
    );
    expect(aimed[0]).toBeGreaterThan(0);
    expect(aimed[2]).toBe(0);
    expect(aimed.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });
});
