import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPairsAbove, type Runtime, similarityHistogram, sourceOf } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { cosine, matrixOf } from './matrices.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

describe('findPairsAbove', () => {
  test('finds each pair once, in order, as looking at every pair does', async () => {
    const rows = matrixOf(2300, 6, 31);
    const expected: { a: number; b: number }[] = [];
    for (let a = 0; a < rows.rows; a++)
      for (let b = a + 1; b < rows.rows; b++) if (cosine(rows, a, rows, b) >= 0.97) expected.push({ a, b });
    expect(expected.length).toBeGreaterThan(500);
    const progress: number[] = [];
    const found = await findPairsAbove(runtime, sourceOf(rows), {
      threshold: 0.97,
      onProgress: (done, total) => progress.push(done / total),
    });
    expect(found.map(({ a, b }) => ({ a, b }))).toEqual(expected);
    for (const { a, b, similarity } of found) expect(similarity).toBeCloseTo(cosine(rows, a, rows, b), 12);
    expect(progress.at(-1)).toBe(1);
  });

  test('finds pairs across parts of a large set', async () => {
    const rows = matrixOf(17_000, 16, 32);
    const twins = [
      [3, 16_999],
      [16_383, 16_384],
      [16_400, 16_990],
    ] as const;
    for (const [a, b] of twins) rows.data.copyWithin(b * 16, a * 16, (a + 1) * 16);
    const found = await findPairsAbove(runtime, rows, { threshold: 0.9999 });
    expect(found.map(({ a, b }) => [a, b])).toEqual(twins);
  });

  test('no rows, one row, rows of zeros', async () => {
    const search = (rows: number) =>
      findPairsAbove(runtime, { rows, cols: 3, data: new Float32Array(rows * 3) }, { threshold: 0.5 });
    expect(await search(0)).toEqual([]);
    expect(await search(1)).toEqual([]);
    expect(await search(40)).toEqual([]);
  });

  test('more pairs than asked for are an error', async () => {
    const same = { rows: 200, cols: 2, data: new Float32Array(400).fill(1) };
    await expect(findPairsAbove(runtime, same, { threshold: 0.5, maxPairs: 1000 })).rejects.toThrow(
      'more than 1000 pairs have a similarity of 0.5 or more',
    );
  });
});

describe('similarityHistogram', () => {
  test('counts every pair in its bin', async () => {
    const left = matrixOf(530, 5, 33);
    const right = matrixOf(2100, 5, 34);
    const expected = new Float64Array(20);
    let nearEdges = 0;
    for (let i = 0; i < left.rows; i++)
      for (let j = 0; j < right.rows; j++) {
        const place = (cosine(left, i, right, j) + 1) * 10;
        if (Math.abs(place - Math.round(place)) < 1e-5) nearEdges++;
        expected[Math.floor(place)]!++;
      }
    const counts = await similarityHistogram(runtime, left, { right, bins: 20 });
    expect(counts.reduce((a, b) => a + b)).toBe(530 * 2100);
    // Single precision may put a pair at an edge on its other side.
    const moved = counts.reduce((sum, count, bin) => sum + Math.abs(count - expected[bin]!), 0);
    expect(moved).toBeLessThanOrEqual(2 * nearEdges);
    expect(nearEdges).toBeLessThan(100);
  });

  test('leaves a row out of its own pairs, and keeps 1 in the last bin', async () => {
    const rows = matrixOf(3000, 4, 35);
    rows.data.copyWithin(0, 2500 * 4, 2501 * 4);
    const counts = await similarityHistogram(runtime, rows, { right: rows, bins: 2 ** 16, excludeSelf: true });
    expect(counts.reduce((a, b) => a + b)).toBe(3000 * 2999);
    const withSelf = await similarityHistogram(runtime, rows, { right: rows, bins: 2 ** 16 });
    expect(withSelf.at(-1)! - counts.at(-1)!).toBe(3000);
    expect(counts.at(-1)).toBeGreaterThanOrEqual(2);
  });
});
