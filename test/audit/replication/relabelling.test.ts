import { describe, expect, test } from 'vitest';
import { foldIn, type Matrix, openStream, randomKey } from '../../../src/ground/math/index.ts';
import { plainPairwise } from '../../../src/jobs/audit/pairwise.ts';
import {
  inauthenticStatistic,
  meanTop1Statistic,
  type RelabellingStatistic,
  relabellingTest,
  shareAboveStatistic,
} from '../../../src/jobs/audit/replication/relabelling.ts';
import { normaliseRows } from '../../../src/jobs/audit/rows.ts';
import { type Neighbours, sourceOf } from '../../../src/kit/tensor/index.ts';

const key = randomKey(5);

function points(rows: number, seed: number, cols = 8): Matrix {
  const stream = openStream(foldIn(key, seed));
  return normaliseRows({ rows, cols, data: Float32Array.from({ length: rows * cols }, () => stream.normal()) });
}

async function listsOf(queries: Matrix, pool: Matrix, k: number, own = false): Promise<Neighbours> {
  const found = await plainPairwise.neighbours(queries, sourceOf(pool), { k: own ? k + 1 : k, metric: 'inner' });
  if (!own) return found;
  const keep = (at: number): boolean => at % (k + 1) !== 0;
  return {
    k,
    indices: found.indices.filter((_, at) => keep(at)),
    scores: found.scores.filter((_, at) => keep(at)),
  };
}

describe('statistics of a labelling', () => {
  // Two generated items; pool of 4. Their neighbours in order: 0 (.9), 2 (.5), 1 (.4) and 3 (.8), 2 (.7), 0 (.1).
  const lists: Neighbours = {
    k: 3,
    indices: Int32Array.of(0, 2, 1, 3, 2, 0),
    scores: Float32Array.of(0.9, 0.5, 0.4, 0.8, 0.7, 0.1),
  };

  test('mean top-1', () => {
    const { evaluate } = meanTop1Statistic(lists);
    expect(evaluate(Uint8Array.of(1, 1, 0, 0))).toBeCloseTo((0.9 + 0.1) / 2, 6);
    expect(evaluate(Uint8Array.of(0, 1, 1, 0))).toBeCloseTo((0.5 + 0.7) / 2, 6);
    // Neither list holds a training item: the last similarity stands in.
    expect(evaluate(Uint8Array.of(0, 0, 0, 0))).toBeCloseTo((0.4 + 0.1) / 2, 6);
  });

  test('share above a threshold', () => {
    const { evaluate } = shareAboveStatistic(lists, 0.6);
    expect(evaluate(Uint8Array.of(1, 1, 0, 0))).toBe(0.5);
    expect(evaluate(Uint8Array.of(0, 0, 1, 1))).toBe(0.5);
    expect(evaluate(Uint8Array.of(0, 0, 0, 0))).toBe(0);
  });

  test('share not authentic', () => {
    const own: Neighbours = {
      k: 2,
      indices: Int32Array.of(1, 2, 0, 3, 0, 3, 2, 1),
      scores: Float32Array.of(0.6, 0.2, 0.6, 0.1, 0.2, 0.1, 0.95, 0.1),
    };
    const { evaluate } = inauthenticStatistic(lists, own);
    // Item 0: .9 against row 0's nearest other training row 1 (.6): copied. Item 1: row 0 at .1 against .6: authentic.
    expect(evaluate(Uint8Array.of(1, 1, 0, 0))).toBe(0.5);
    // Item 1's nearest is row 3 at .8, whose own nearest training row 2 is at .95: authentic; item 0: row 2 at .5 against .1.
    expect(evaluate(Uint8Array.of(0, 0, 1, 1))).toBe(0.5);
  });
});

describe('relabelling test', () => {
  const settings = { training: 30, heldout: 20, permutations: 99 };

  test('p-values are uniform when the generator sees neither set, for every statistic', async () => {
    // 300 rounds. Of 5 equal bins of the 100 possible p-values, χ² with 4 degrees of freedom is below 18.5 in 99.9 % of cases. Statistics with
    // ties (shares) may only be larger than uniform: their lowest fifth holds at most 60 + 4·√48.
    const counts = { mean: [0, 0, 0, 0, 0], above: [0, 0, 0, 0, 0], authentic: [0, 0, 0, 0, 0] };
    for (let round = 0; round < 300; round++) {
      const pool = points(50, 3 * round);
      const generated = points(15, 3 * round + 1);
      const lists = await listsOf(generated, pool, 12);
      const own = await listsOf(pool, pool, 12, true);
      const statistics: Record<keyof typeof counts, RelabellingStatistic> = {
        mean: meanTop1Statistic(lists),
        above: shareAboveStatistic(lists, 0.7),
        authentic: inauthenticStatistic(lists, own),
      };
      for (const name of ['mean', 'above', 'authentic'] as const) {
        const { p } = relabellingTest(statistics[name], { ...settings, key: foldIn(foldIn(key, name), round) });
        counts[name][Math.min(4, Math.floor((p - 0.005) * 5))]!++;
      }
    }
    const chiSquare = counts.mean.reduce((sum, count) => sum + (count - 60) ** 2 / 60, 0);
    expect(chiSquare).toBeLessThan(18.5);
    expect(counts.above[0]).toBeLessThan(88);
    expect(counts.authentic[0]).toBeLessThan(88);
  });

  test('finds eight copies among forty items', async () => {
    const pool = points(50, 1001);
    const generated = points(40, 1002);
    generated.data.set(pool.data.subarray(0, 8 * 8));
    const statistic = meanTop1Statistic(await listsOf(generated, pool, 12));
    const found = relabellingTest(statistic, { ...settings, permutations: 999, key });
    expect(found.p).toBeLessThan(0.05);
    expect(found).toMatchObject({ statistic: 'mean top-1 similarity', permutations: 999 });
  });

  test('copies of held-out items are no evidence of copying the training set', async () => {
    const pool = points(50, 1003);
    const generated = points(40, 1004);
    generated.data.set(pool.data.subarray(8 * 40, 8 * 50));
    const statistic = meanTop1Statistic(await listsOf(generated, pool, 12));
    expect(relabellingTest(statistic, { ...settings, key }).p).toBeGreaterThan(0.5);
  });

  test('draws the smaller side, and every labelling has the right number of training items', () => {
    for (const [training, heldout] of [
      [3, 7],
      [7, 3],
    ] as const) {
      const seen = new Set<string>();
      relabellingTest(
        {
          name: 'spy',
          evaluate: labels => {
            expect(labels.reduce((sum, label) => sum + label, 0)).toBe(training);
            seen.add(labels.join(''));
            return 0;
          },
        },
        { training, heldout, permutations: 3000, key },
      );
      // All 120 subsets come up in 3,000 draws with probability above 1 − 120·(119/120)^3000 = 1 − 1.5e-9.
      expect(seen.size).toBe(120);
    }
  });

  test('is exact: with 1 training item of 4, the p-value of its own maximum is 1/4', () => {
    const statistic: RelabellingStatistic = { name: 'first', evaluate: labels => labels[0]! };
    const { p } = relabellingTest(statistic, { training: 1, heldout: 3, permutations: 9999, key });
    expect(p).toBeCloseTo(0.25, 1);
  });
});
