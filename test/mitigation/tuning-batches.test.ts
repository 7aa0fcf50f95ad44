import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { planBatches } from '../../src/jobs/mitigation/loop/tuning-batches.ts';
import { rewardLoss } from '../../src/jobs/mitigation/rewards/combine.ts';

describe('batches of tuning', () => {
  const stream = openStream(randomKey(3));
  const rewards = Float32Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? 0 : stream.uniform()));
  const losses = {
    samples: Float32Array.from(rewards, () => 1 + stream.uniform()),
    training: Float32Array.from({ length: 20 }, () => 2 + stream.uniform()),
  };
  const uniform = new Float32Array(20).fill(1);

  test.each([0, 0.1, 1, 10])('estimate the published loss without bias, γ = %s', gamma => {
    const batchOf = planBatches({ rewards, gamma, training: uniform }, { batch: 8, key: randomKey(1) });
    const STEPS = 20_000;
    let sum = 0;
    for (let step = 0; step < STEPS; step++) {
      const { samples, training, weights } = batchOf(step);
      const each = [...samples.map(i => losses.samples[i]!), ...training.map(i => losses.training[i]!)];
      expect(each.length).toBe(8);
      sum += each.reduce((total, loss, i) => total + loss * weights[i]!, 0) / 8;
    }
    // The spread of a mean over this many batches is below a thousandth of it.
    expect(sum / STEPS / rewardLoss(rewards, losses, gamma)).toBeCloseTo(1, 2);
  });

  test('never spend a step on a sample without a reward, nor on a training image that counts nothing', () => {
    const weights = Float32Array.from(uniform, (_, i) => (i === 4 ? 0 : 20 / 19));
    const batchOf = planBatches({ rewards, gamma: 1, training: weights }, { batch: 8, key: randomKey(1) });
    for (let step = 0; step < 500; step++) {
      const { samples, training } = batchOf(step);
      for (const i of samples) expect(rewards[i]).toBeGreaterThan(0);
      expect(training).not.toContain(4);
    }
  });

  test('are functions of the key and the step', () => {
    const plan = (seed: number) =>
      planBatches({ rewards, gamma: 1, training: uniform }, { batch: 8, key: randomKey(seed) });
    expect(plan(1)(7)).toEqual(plan(1)(7));
    expect(plan(1)(7)).not.toEqual(plan(1)(8));
    expect(plan(1)(7)).not.toEqual(plan(2)(7));
  });

  test('refuse rewards that are all 0, unless training images are left', () => {
    const none = new Float32Array(5);
    const options = { batch: 4, key: randomKey(1) };
    expect(() => planBatches({ rewards: none, gamma: 0, training: uniform }, options)).toThrow('nothing to tune on');
    const { samples, training } = planBatches({ rewards: none, gamma: 1, training: uniform }, options)(0);
    expect([samples.length, training.length]).toEqual([0, 4]);
  });
});
