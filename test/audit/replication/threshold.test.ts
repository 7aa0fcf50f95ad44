import { describe, expect, test } from 'vitest';
import { foldIn, type Matrix, openStream, randomKey } from '../../../src/ground/math/index.ts';
import { plainPairwise } from '../../../src/jobs/audit/pairwise.ts';
import { clusterLinks, denseClusters } from '../../../src/jobs/audit/replication/duplicates.ts';
import {
  countPairs,
  cutAbove,
  meanExcess,
  type PairHistogram,
  upperQuantile,
} from '../../../src/jobs/audit/replication/pair-histogram.ts';
import { calibrateThreshold, duplicateThreshold, pairNullTail } from '../../../src/jobs/audit/replication/threshold.ts';
import { examineTraining } from '../../../src/jobs/audit/replication/training-pairs.ts';
import { normaliseRows } from '../../../src/jobs/audit/rows.ts';
import { sourceOf } from '../../../src/kit/tensor/index.ts';

const key = randomKey(8);
const options = { pairwise: plainPairwise };

function points(rows: number, seed: number, cols = 16): Matrix {
  const stream = openStream(foldIn(key, seed));
  return normaliseRows({ rows, cols, data: Float32Array.from({ length: rows * cols }, () => stream.normal()) });
}

describe('pair histogram', () => {
  test('counts each pair once', async () => {
    const some = points(30, 1);
    const own = await countPairs(some, some, { ...options, sameSet: true });
    expect(own.pairs).toBe((30 * 29) / 2);
    expect(own.counts.reduce((sum, count) => sum + count, 0)).toBe(own.pairs);
    // No pair is as near as an item to itself.
    expect(upperQuantile(own, 1e-9)).toBeLessThan(0.99);
    const both = await countPairs(some, points(20, 2), options);
    expect(both.pairs).toBe(600);
  });

  test('quantiles and excesses are those of the pairs to within a bin', async () => {
    const [left, right] = [points(60, 3), points(50, 4)];
    const all: number[] = [];
    await plainPairwise.products(left, right, { visit: block => all.push(...block.data) });
    all.sort((a, b) => b - a);
    const histogram = await countPairs(left, right, options);
    for (const tail of [0.001, 0.01, 0.1, 0.5])
      expect(upperQuantile(histogram, tail)).toBeCloseTo(all[Math.round(tail * 3000) - 1]!, 2);
    const above = all.filter(value => value > 0.5);
    const expected = above.reduce((sum, value) => sum + Math.atanh(value) - Math.atanh(0.5), 0) / above.length;
    const { count, mean } = meanExcess(histogram, 0.5);
    expect(Math.abs(count - above.length)).toBeLessThan(4);
    expect(mean).toBeCloseTo(expected, 2);
    expect(cutAbove(histogram, 0.5).pairs).toBeCloseTo(3000 - above.length, -1);
  });
});

describe('threshold at a false match rate', () => {
  test('is read off where the pairs suffice', async () => {
    const histogram = await countPairs(points(300, 5), points(300, 6), options);
    const { threshold, method, pairs } = calibrateThreshold(histogram, 1e-3);
    expect(method).toBe('empirical');
    expect(pairs).toBe(90_000);
    // Fresh pairs exceed it at about that rate: 90 ± 4·√90·1.5 for the dependence of pairs with a common item.
    const fresh = await countPairs(points(300, 7), points(300, 8), options);
    expect(meanExcess(fresh, threshold ?? 1).count).toBeGreaterThan(33);
    expect(meanExcess(fresh, threshold ?? 1).count).toBeLessThan(147);
  });

  test('a fitted tail errs on the safe side', async () => {
    // 160 × 160 pairs cannot show a rate of 1e-5; 1,500 × 1,500 other pairs of the same law can to a fifth.
    const fresh = await countPairs(points(1500, 9), points(1500, 10), options);
    const rates: number[] = [];
    for (let round = 0; round < 40; round++) {
      const histogram = await countPairs(points(160, 100 + 2 * round), points(160, 101 + 2 * round), options);
      const { threshold, method } = calibrateThreshold(histogram, 1e-5);
      expect(method).toBe('tail-fit');
      rates.push(meanExcess(fresh, threshold ?? 1).count / fresh.pairs / 1e-5);
    }
    expect(Math.max(...rates)).toBeLessThan(3);
    expect(rates.reduce((sum, rate) => sum + rate, 0) / rates.length).toBeLessThan(1);
    // Nor is it so safe that it finds nothing.
    expect(rates.filter(rate => rate > 0).length).toBeGreaterThan(20);
  });

  test('is null with too few pairs', async () => {
    const few = await countPairs(points(5, 11), points(5, 12), options);
    expect(calibrateThreshold(few, 1e-4)).toMatchObject({ threshold: null, method: 'none', pairs: 25 });
    expect(pairNullTail(few, 5)).toBeNull();
    expect(duplicateThreshold(few, 5)).toBeNull();
  });
});

describe('duplicate threshold', () => {
  /** Pairs within a set in which `share` of the items are altered copies of others. */
  async function pairsWith(share: number, seed: number): Promise<PairHistogram> {
    const rows = 200;
    const set = points(rows, seed);
    const stream = openStream(foldIn(key, seed + 5000));
    for (let i = 0; i < share * rows; i++)
      for (let j = 0; j < 16; j++) set.data[i * 16 + j] = set.data[(rows - 1 - i) * 16 + j]! + 0.02 * stream.normal();
    const units = normaliseRows(set);
    return countPairs(units, units, { ...options, sameSet: true });
  }

  test('lies above every chance pair in most sets', async () => {
    // 0.05 chance pairs a set are expected at most: of 60 sets, more than 9 with one have probability 2e-3.
    let crossed = 0;
    for (let seed = 0; seed < 60; seed++) {
      const histogram = await pairsWith(0, 2000 + seed);
      if (meanExcess(histogram, duplicateThreshold(histogram, 200) ?? 1).count > 0) crossed++;
    }
    expect(crossed).toBeLessThanOrEqual(9);
  });

  test.each([0.1, 0.3, 0.5])('stays below duplicates when %d of the items are duplicates', async share => {
    const threshold = duplicateThreshold(await pairsWith(share, 3000), 200) ?? 1;
    // The altered copies have cosine 1 − 0.02²·16/2 ≈ 0.997.
    expect(threshold).toBeLessThan(0.99);
  });
});

test('p-values from the tail of pairs are never too small', async () => {
  // Sets of 20 against 20: the smallest of 20 p-values is at most 0.05 in at most 5 % of 200 rounds after Bonferroni; the limit is
  // 10 + 4·√9.5.
  let small = 0;
  for (let round = 0; round < 200; round++) {
    const training = points(20, 10_000 + 2 * round);
    const tail = pairNullTail(await countPairs(training, training, { ...options, sameSet: true }), 20);
    const { scores } = await plainPairwise.neighbours(
      points(20, 10_001 + 2 * round),
      { rows: 20, cols: 16, read: async (start, count) => training.data.subarray(start * 16, (start + count) * 16) },
      { k: 1, metric: 'inner' },
    );
    if (tail !== null && Array.from(scores, score => tail.pValue(score)).some(p => p <= 0.05 / 20)) small++;
  }
  expect(small).toBeLessThan(23);
});

describe('clusters of duplicates', () => {
  test('are connected components with their weakest link', () => {
    const clusters = clusterLinks([
      { a: 4, b: 7, similarity: 0.99 },
      { a: 7, b: 2, similarity: 0.97 },
      { a: 2, b: 4, similarity: 0.98 },
      { a: 1, b: 0, similarity: 1 },
      { a: 0, b: 1, similarity: 1 },
    ]);
    expect(clusters).toEqual([
      { rows: [2, 4, 7], minSimilarity: 0.97 },
      { rows: [0, 1], minSimilarity: 1 },
    ]);
    expect(clusterLinks([])).toEqual([]);
  });

  test('are dense where one image lies behind them, and not where look-alikes form a chain', () => {
    const linksOf = (pairs: readonly (readonly [number, number])[]) =>
      pairs.flatMap(([a, b]) => [
        { a, b, similarity: 0.9 },
        { a: b, b: a, similarity: 0.9 },
      ]);
    // Three of one image; three of which two are no look-alikes; a pair, which may be chance.
    const links = linksOf([
      [0, 1],
      [1, 2],
      [0, 2],
      [3, 4],
      [4, 5],
      [6, 7],
    ]);
    expect(clusterLinks(links)).toHaveLength(3);
    expect(denseClusters(clusterLinks(links), links).map(({ rows }) => rows)).toEqual([[0, 1, 2]]);
  });

  test('a long chain is one cluster', () => {
    const links = Array.from({ length: 20_000 }, (_, i) => ({ a: i, b: i + 1, similarity: 0.9 }));
    expect(clusterLinks(links)).toMatchObject([{ minSimilarity: 0.9 }]);
    expect(clusterLinks(links)[0]?.rows).toHaveLength(20_001);
  });
});

describe('duplicates of the training set', () => {
  test.each([5, 80])('are found whole, %i copies of one item among 600', async copies => {
    const others = points(600, 40);
    const stream = openStream(foldIn(key, 41));
    const data = new Float32Array((600 + copies) * 16);
    data.set(others.data);
    for (let i = 0; i < copies; i++)
      for (let j = 0; j < 16; j++) data[(600 + i) * 16 + j] = others.data[j]! + 0.02 * stream.normal();
    const units = normaliseRows({ rows: 600 + copies, cols: 16, data });
    const found = await examineTraining(sourceOf(units), { ...options, key });
    expect(found.clusters.map(({ rows }) => rows)).toEqual([[0, ...Array.from({ length: copies }, (_, i) => 600 + i)]]);
    expect(found.duplicated).toBe(copies + 1);
    expect(found.top1.length).toBe(600 + copies);
  });
});
