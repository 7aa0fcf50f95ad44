import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Matrix } from '../../src/math/matrix.ts';
import { eachProductBlock, type NeighbourMetric, nearestNeighbours, type Runtime } from '../../src/tensor/index.ts';
import { openRuntime } from '../../src/tensor/node.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 2 });
});
afterAll(() => runtime.close());

/** A repeatable matrix of numbers in −1…1 with `distinct` different values, so that ties can be had. */
function matrixOf(rows: number, cols: number, seed: number, distinct = 2 ** 20): Matrix {
  let state = seed + 1;
  const data = Float32Array.from({ length: rows * cols }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.floor((state / 2 ** 32) * distinct) / distinct) * 2 - 1;
  });
  return { rows, cols, data };
}

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
