import { expect, test } from 'vitest';
import { randomKey } from '../../src/ground/math/index.ts';
import { chooseCohort, hasSent, keyOfRound } from '../../src/jobs/federated/simulate/cohort.ts';
import { weightsOf } from '../../src/jobs/federated/simulate/settings.ts';
import { MODELS, parametersOfModel } from '../../src/jobs/federated/tasks/models.ts';
import { partition } from '../../src/jobs/federated/tasks/partition.ts';

const labels = Uint8Array.from({ length: 60_000 }, (_, i) => (i * 7) % 10);
const key = randomKey(4);

test('the models have as many parameters as in their papers', () => {
  const counts = Object.entries(MODELS).map(([name, model]) => [name, parametersOfModel(model).size]);
  // McMahan et al. (2017), section 3; LeCun et al. (1998) with full connections in the third layer.
  expect(Object.fromEntries(counts)).toEqual({ '2nn': 199_210, cnn: 1_663_370, 'lenet-5': 61_706 });
});

test.each(['iid', 'shards'] as const)('%s: every example has one client, and clients are of one size', kind => {
  const parts = partition(labels, { kind, clients: 100, key });
  expect(parts.map(({ length }) => length)).toEqual(new Array(100).fill(600));
  expect(new Set(parts.flatMap(part => [...part])).size).toBe(60_000);
  const classes = parts.map(part => new Set(Array.from(part, i => labels[i]!)).size);
  if (kind === 'iid') expect(Math.min(...classes)).toBe(10);
  else expect(Math.max(...classes)).toBeLessThanOrEqual(2);
});

test('uneven numbers of examples are dealt out whole', () => {
  const parts = partition(labels.subarray(0, 1003), { kind: 'shards', clients: 7, key });
  expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(1003);
  expect(Math.max(...parts.map(({ length }) => length)) - Math.min(...parts.map(({ length }) => length))).toBeLessThan(
    3,
  );
});

test('weights are examples over what divides them all, or in 255 levels', () => {
  expect(weightsOf([600, 600, 600], 'examples')).toEqual([1, 1, 1]);
  expect(weightsOf([10, 20, 35], 'examples')).toEqual([2, 4, 7]);
  expect(weightsOf([10, 20, 35], 'equal')).toEqual([1, 1, 1]);
  expect(weightsOf([1, 5000, 10_007], 'examples')).toEqual([1, 127, 255]);
});

test('cohorts: a fixed number without noise, by chance with it; a fixed share is lost', () => {
  const configuration = { clients: 50, fraction: 0.2, drop: 0.3, noise: 0 };
  const sizes = Array.from({ length: 30 }, (_, round) => {
    const { invited, lost } = chooseCohort(configuration, keyOfRound(key, round));
    expect(lost.size).toBe(3);
    expect([...lost.keys()].every(client => invited.includes(client))).toBe(true);
    return invited.length;
  });
  expect(new Set(sizes)).toEqual(new Set([10]));
  const byChance = Array.from(
    { length: 200 },
    (_, round) => chooseCohort({ ...configuration, noise: 1 }, keyOfRound(key, round)).invited.length,
  );
  // Binomial(50, .2): mean 10, deviation 2.8; of the mean of 200: .2, five of them.
  expect(Math.abs(byChance.reduce((sum, n) => sum + n, 0) / 200 - 10)).toBeLessThan(1);
  expect(new Set(byChance).size).toBeGreaterThan(5);
  expect([null, 'confirm', 'unmask'].every(step => hasSent(step as null))).toBe(true);
  expect(hasSent('vector')).toBe(false);
});
