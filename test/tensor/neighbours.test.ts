import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Matrix } from '../../src/ground/math/matrix.ts';
import {
  eachProductBlock,
  type NeighbourMetric,
  nearestNeighbours,
  type Runtime,
  sourceOf,
} from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { matrixOf } from './matrices.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 2 });
});
afterAll(() => runtime.close());

interface Found {
  readonly index: number;
  readonly score: number;
}

/** Every pair, in double precision, sorted by score and then by row. */
function naive(queries: Matrix, base: Matrix, metric: NeighbourMetric, self: boolean): Found[][] {
  return Array.from({ length: queries.rows }, (_, i) => {
    const found: Found[] = [];
    for (let j = 0; j < base.rows; j++) {
      if (self && i === j) continue;
      let [inner, a, b, squares] = [0, 0, 0, 0];
      for (let c = 0; c < base.cols; c++) {
        const [x, y] = [queries.data[i * base.cols + c]!, base.data[j * base.cols + c]!];
        inner += x * y;
        a += x * x;
        b += y * y;
        squares += (x - y) ** 2;
      }
      const score = metric === 'inner' ? inner : metric === 'cosine' ? inner / Math.sqrt(a * b) : -Math.sqrt(squares);
      found.push({ index: j, score });
    }
    return found.sort((x, y) => y.score - x.score || x.index - y.index);
  });
}

describe('nearestNeighbours', () => {
  test.each([
    ['cosine', 1, false],
    ['cosine', 10, true],
    ['inner', 3, false],
    ['euclidean', 5, false],
    ['euclidean', 1, true],
  ] as const)('%s, k = %i, without itself: %s', async (metric, k, excludeSelf) => {
    // Across block and group boundaries: 2 blocks of 2,048 and a part of one.
    const base = matrixOf(4200, 19, 3);
    const queries = excludeSelf ? base : matrixOf(70, 19, 4);
    const found = await nearestNeighbours(
      runtime,
      { ...queries, rows: queries.rows },
      { base, k, metric, excludeSelf },
    );
    const some: Matrix = { rows: 70, cols: 19, data: queries.data.subarray(0, 70 * 19) };
    const expected = naive(some, base, metric, excludeSelf);
    for (let i = 0; i < 70; i++) {
      for (let r = 0; r < k; r++) {
        expect(found.indices[i * k + r]).toBe(expected[i]![r]!.index);
        expect(found.scores[i * k + r]).toBeCloseTo(
          metric === 'euclidean' ? -expected[i]![r]!.score : expected[i]![r]!.score,
          5,
        );
      }
    }
  });

  test('equal rows come in order, wherever they stand', async () => {
    const one = matrixOf(1, 8, 5);
    const base: Matrix = { rows: 5000, cols: 8, data: new Float32Array(5000 * 8) };
    for (const at of [4999, 2048, 70, 63]) base.data.set(one.data, at * 8);
    const { indices } = await nearestNeighbours(runtime, one, { base, k: 4, metric: 'inner' });
    expect([...indices]).toEqual([63, 70, 2048, 4999]);
  });

  test('a search of equal rows returns the first ones', async () => {
    const base: Matrix = { rows: 300, cols: 4, data: new Float32Array(1200).fill(0.5) };
    const { indices, scores } = await nearestNeighbours(runtime, base, {
      base,
      k: 2,
      metric: 'cosine',
      excludeSelf: true,
    });
    expect([...indices.subarray(0, 6)]).toEqual([1, 2, 0, 2, 0, 1]);
    expect(scores[0]).toBeCloseTo(1, 6);
  });

  // Products of numbers that are not exact, in every place of a block and of a tile, with every number of queries that has kernels
  // of its own: equal rows must have equal products wherever they stand.
  test.each([
    [1, 3],
    [2, 31],
    [5, 64],
    [13, 128],
    [515, 37],
  ])('copies of a row tie wherever they stand: %i queries of width %i', async (rows, cols) => {
    const copies = [0, 1, 7, 63, 64, 511, 1000, 2047, 2048, 2050, 4094, 4095, 4096, 4199];
    const base = matrixOf(4200, cols, cols);
    const queries = matrixOf(rows, cols, rows);
    // Longer than any other row and along the first query, so that its copies are the nearest ones of it.
    const row = queries.data.subarray(0, cols).map(value => value * 50);
    for (const at of copies) base.data.set(row, at * cols);
    for (const blockRows of [512, 1024, 2048]) {
      for (const k of [3, 14]) {
        const { indices } = await nearestNeighbours(runtime, queries, { base, k, metric: 'inner', blockRows });
        expect([...indices.subarray(0, k)]).toEqual(copies.slice(0, k));
      }
    }
  });

  test('the block size changes nothing', async () => {
    const base = matrixOf(3000, 24, 9);
    const queries = matrixOf(100, 24, 10);
    const search = (blockRows: number) =>
      nearestNeighbours(runtime, queries, { base, k: 5, metric: 'euclidean', blockRows });
    const expected = await search(2048);
    for (const blockRows of [1, 100, 512, 3000, 5000]) expect(await search(blockRows)).toEqual(expected);
  });

  test('more queries than one graph holds, and a base that is read by rows', async () => {
    const base = matrixOf(1500, 4, 12);
    const queries = matrixOf(16_390, 4, 13);
    const reads: number[] = [];
    const progress: number[] = [];
    const source = {
      ...sourceOf(base),
      read: async (start: number, count: number) => {
        reads.push(count);
        return base.data.slice(start * 4, (start + count) * 4);
      },
    };
    const { indices } = await nearestNeighbours(runtime, queries, {
      base: source,
      k: 1,
      metric: 'cosine',
      onProgress: (done, total) => progress.push(done / total),
    });
    expect(Math.max(...reads)).toBeLessThanOrEqual(2048);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
    const some = [0, 1, 16_383, 16_384, 16_389];
    const rows = some.map(i => queries.data.subarray(i * 4, i * 4 + 4));
    const chosen: Matrix = { rows: 5, cols: 4, data: Float32Array.from(rows.flatMap(values => [...values])) };
    const expected = naive(chosen, base, 'cosine', false);
    expect(some.map(i => indices[i])).toEqual(expected.map(list => list[0]!.index));
  });

  test('all rows of a base, in order', async () => {
    const base = matrixOf(700, 6, 14);
    const queries = matrixOf(3, 6, 15);
    const { indices } = await nearestNeighbours(runtime, queries, { base, k: 700, metric: 'euclidean' });
    const expected = naive(queries, base, 'euclidean', false).flatMap(list => list.map(({ index }) => index));
    expect([...indices]).toEqual(expected);
  });

  test('a base of one row', async () => {
    const one = matrixOf(1, 5, 16);
    const found = await nearestNeighbours(runtime, one, { base: one, k: 1, metric: 'euclidean' });
    expect([found.indices[0], found.scores[0]]).toEqual([0, 0]);
  });

  test('rows far from zero keep their distances', async () => {
    const base = matrixOf(600, 16, 17);
    for (let i = 0; i < base.data.length; i++) base.data[i]! += 300;
    const queries: Matrix = { rows: 40, cols: 16, data: base.data.slice(0, 640).map(value => value + 0.01) };
    const { indices } = await nearestNeighbours(runtime, queries, { base, k: 6, metric: 'euclidean' });
    const expected = naive(queries, base, 'euclidean', false).flatMap(list => list.slice(0, 6).map(one => one.index));
    expect([...indices]).toEqual(expected);
  });

  test('small random sets of few values, as the naive search finds them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 2, max: 150 }),
          cols: fc.integer({ min: 1, max: 9 }),
          k: fc.integer({ min: 1, max: 150 }),
          seed: fc.nat(1000),
          self: fc.boolean(),
        }),
        async ({ rows, cols, k: wanted, seed, self }) => {
          const k = Math.min(wanted, rows - 1);
          // Products of eighths are exact, so ties are ties in any precision.
          const base = matrixOf(rows, cols, seed, 8);
          const queries = self ? base : matrixOf(5, cols, seed + 7, 8);
          const { indices } = await nearestNeighbours(runtime, queries, {
            base,
            k,
            metric: 'inner',
            excludeSelf: self,
          });
          const expected = naive(queries, base, 'inner', self).flatMap(list =>
            list.slice(0, k).map(({ index }) => index),
          );
          expect([...indices]).toEqual(expected);
        },
      ),
      { numRuns: 40, seed: 11 },
    );
  });

  test('near-copies keep their distance in single precision', async () => {
    const base = matrixOf(500, 64, 8);
    const queries: Matrix = { rows: 500, cols: 64, data: base.data.map(value => value + 1e-4) };
    const { indices, scores } = await nearestNeighbours(runtime, queries, { base, k: 1, metric: 'euclidean' });
    expect([...indices]).toEqual(Array.from({ length: 500 }, (_, i) => i));
    for (const score of scores) expect(score).toBeCloseTo(8e-4, 5);
  });

  test('errors name what is wrong', async () => {
    const a = matrixOf(3, 4, 1);
    await expect(nearestNeighbours(runtime, a, { base: matrixOf(3, 5, 1), k: 1, metric: 'inner' })).rejects.toThrow(
      'queries are 4 wide, the base is 5',
    );
    await expect(nearestNeighbours(runtime, a, { base: a, k: 3, metric: 'inner', excludeSelf: true })).rejects.toThrow(
      '"k" expected 1 to 2 neighbours, got 3',
    );
    await expect(nearestNeighbours(runtime, a, { base: a, k: 1, metric: 'inner', blockRows: 0 })).rejects.toThrow(
      '"blockRows" expected a whole number from 1, got 0',
    );
  });

  test('an abort ends the search', async () => {
    const controller = new AbortController();
    const base = matrixOf(20_000, 16, 2);
    const search = nearestNeighbours(runtime, base, {
      base,
      k: 1,
      metric: 'inner',
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(search).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('eachProductBlock', () => {
  test('yields every product once', async () => {
    const left = matrixOf(600, 7, 1);
    const right = matrixOf(2100, 7, 2);
    const seen = new Uint8Array(600 * 2100);
    for await (const { row, col, rows, cols, data } of eachProductBlock(runtime, { left, right })) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) {
          seen[(row + i) * 2100 + col + j]!++;
          if ((i * cols + j) % 997 !== 0) continue;
          let sum = 0;
          for (let c = 0; c < 7; c++) sum += left.data[(row + i) * 7 + c]! * right.data[(col + j) * 7 + c]!;
          expect(data[i * cols + j]).toBeCloseTo(sum, 5);
        }
      }
    }
    expect(seen.every(count => count === 1)).toBe(true);
  });
});
