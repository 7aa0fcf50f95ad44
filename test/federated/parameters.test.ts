import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { failureOf, parametersOf, planCohort, thresholdOf } from '../../src/jobs/federated/secure/parameters.ts';

describe('the complete graph', () => {
  test('a third corrupt, under a third lost: t is two thirds', () => {
    const found = planCohort(100, { dropout: 0.3, corrupt: 1 / 3 });
    expect(found).toMatchObject({ neighbours: 99, corruptNeighbours: 33, mayDrop: 30 });
    // Bonawitz et al. (2017), theorem 6.5: t > 2n/3 for up to n/3 corrupt.
    expect(thresholdOf(99, found)).toBe(67);
  });
  test('any two thresholds of neighbours share an honest one', () => {
    for (const n of [5, 10, 33, 80])
      for (const corrupt of [0, 0.1, 0.25, 0.4]) {
        const found = parametersOf({ dropout: 0, corrupt, neighbours: n - 1 }, n);
        const t = thresholdOf(n - 1, found);
        expect(2 * t - (n - 1)).toBeGreaterThan(Math.min(found.corruptNeighbours, n - 1));
      }
  });
  test('what cannot work is refused with its numbers', () => {
    expect(() => planCohort(10, { dropout: 0.4, corrupt: 0.1 })).toThrow(
      /10 clients of which 4 may be lost and 1 may work with the server cannot be summed securely/,
    );
    expect(() => planCohort(300, { dropout: 0.45, corrupt: 0.3 })).toThrow(/cannot be summed securely/);
    expect(() => parametersOf({ dropout: 0.6, corrupt: 0, neighbours: 5 }, 10)).toThrow(/"dropout" expected/);
    expect(() => parametersOf({ dropout: 0, corrupt: 0, neighbours: 5 }, 2)).toThrow(/3 to 10000 clients/);
  });
});

test('sparse graphs grow slowly with the cohort', () => {
  const degrees = [100, 200, 500].map(n => planCohort(n, { dropout: 0.1, corrupt: 0.05 }).neighbours);
  expect(degrees[0]).toBeLessThan(60);
  expect(degrees[2]! / degrees[0]!).toBeLessThan(2.6);
  const plan = planCohort(200, { dropout: 0.1, corrupt: 0.05 });
  expect(Math.log2(failureOf(plan))).toBeLessThan(-40);
  expect(plan.smallestSum).toBeGreaterThan(56);
});

test('the bound on finishing holds in simulation, where it is large enough to be seen', () => {
  const plan = parametersOf({ dropout: 0.2, corrupt: 0, neighbours: 14 }, 40);
  const bound = failureOf(plan);
  const stream = openStream(randomKey(5));
  const trials = 4000;
  let failed = 0;
  for (let trial = 0; trial < trials; trial++) {
    // A client's neighbours among those that stay and those that are lost.
    const count = (n: number) => Array.from({ length: n }, () => stream.bool(plan.edge)).filter(Boolean).length;
    const [alive, lost] = [count(40 - 1 - plan.mayDrop), count(plan.mayDrop)];
    if (alive < thresholdOf(alive + lost, plan)) failed++;
  }
  // Per client; the bound adds up over all. False alarm below 1e-4 at five standard deviations.
  const share = failed / trials;
  expect(share).toBeLessThan(bound / 40 + 5 * Math.sqrt(bound / 40 / trials));
  expect(share).toBeGreaterThan(bound / 40 - 5 * Math.sqrt(bound / 40 / trials));
  expect(bound / 40).toBeGreaterThan(1e-3);
});

test('no small set of clients is closed in itself: the bound on the smallest sum in simulation', () => {
  const plan = parametersOf({ dropout: 0, corrupt: 0, neighbours: 9 }, 12);
  const stream = openStream(randomKey(6));
  for (let trial = 0; trial < 200; trial++) {
    const edges = Array.from({ length: 12 }, () => new Array<boolean>(12).fill(false));
    for (let i = 0; i < 12; i++) for (let j = 0; j < i; j++) edges[i]![j] = edges[j]![i] = stream.bool(plan.edge);
    for (let set = 1; set < 4096; set++) {
      const size = set.toString(2).replaceAll('0', '').length;
      if (size >= plan.smallestSum) continue;
      const closed = edges.every((row, i) => {
        if (((set >> i) & 1) === 0) return true;
        const inside = row.filter((edge, j) => edge && ((set >> j) & 1) === 1).length;
        return 2 * inside >= row.filter(Boolean).length && row.some(Boolean);
      });
      expect(closed, `trial ${trial}, set ${set}`).toBe(false);
    }
  }
});
