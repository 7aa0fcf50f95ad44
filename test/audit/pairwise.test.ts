import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldIn, type Matrix, openStream, randomKey, row } from '../../src/ground/math/index.ts';
import {
  enginePairwise,
  otherNeighbours,
  type Pairwise,
  plainPairwise,
  visitSquaredDistances,
} from '../../src/jobs/audit/pairwise.ts';
import {
  appendRows,
  eachBlock,
  mapSource,
  meanRow,
  normaliseRows,
  readRows,
  sampleNumbers,
  sampleRows,
  stackRows,
  takeRows,
} from '../../src/jobs/audit/rows.ts';
import { type Runtime, sourceOf } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { matrixOf } from './vectors.ts';

const key = randomKey(14);

function points(rows: number, cols: number, seed: number): Matrix {
  return { rows, cols, data: openStream(foldIn(key, seed)).fillNormal(new Float32Array(rows * cols)) };
}

/** The engine and the plain loops keep the same promises. */
describe.each(['plain', 'engine'])('pairs by %s', name => {
  let runtime: Runtime | undefined;
  let pairwise: Pairwise = plainPairwise;

  beforeAll(async () => {
    if (name === 'plain') return;
    runtime = await openRuntime({ device: 'cpu', threads: 1 });
    pairwise = enginePairwise(runtime);
  });
  afterAll(() => runtime?.close());

  test.each(['cosine', 'inner', 'euclidean'] as const)('nearest by %s are those of sorting all', async metric => {
    const [queries, base] = [points(23, 7, 1), points(311, 7, 2)];
    const { indices, scores } = await pairwise.neighbours(queries, sourceOf(base), { k: 5, metric });
    for (let i = 0; i < queries.rows; i++) {
      const query = row(queries, i);
      const all = Array.from({ length: base.rows }, (_, j) => {
        const other = row(base, j);
        const sum = (of: (a: number, b: number) => number): number =>
          query.reduce((total, value, at) => total + of(value, other[at]!), 0);
        const inner = sum((a, b) => a * b);
        if (metric === 'euclidean') return { j, score: Math.sqrt(sum((a, b) => (a - b) ** 2)) };
        return { j, score: metric === 'inner' ? inner : inner / Math.sqrt(sum(a => a * a) * sum((_, b) => b * b)) };
      });
      all.sort((a, b) => (metric === 'euclidean' ? a.score - b.score : b.score - a.score));
      all.slice(0, 5).forEach(({ j, score }, rank) => {
        expect(indices[i * 5 + rank]).toBe(j);
        expect(scores[i * 5 + rank]).toBeCloseTo(score, 4);
      });
    }
  });

  test('every product is visited once', async () => {
    const [left, right] = [points(600, 5, 3), points(41, 5, 4)];
    const seen = new Float64Array(600 * 41);
    await pairwise.products(left, right, {
      visit: block => {
        for (let r = 0; r < block.rows; r++)
          for (let c = 0; c < block.cols; c++)
            seen[(block.row + r) * 41 + block.col + c]! += block.data[r * block.cols + c]!;
      },
    });
    for (const at of [0, 40, 41, 12_345, 24_599]) {
      const [i, j] = [Math.floor(at / 41), at % 41];
      const expected = row(left, i).reduce((sum, value, k) => sum + value * row(right, j)[k]!, 0);
      expect(seen[at]).toBeCloseTo(expected, 4);
    }
  });

  test('distances of near-copies keep their digits', async () => {
    const [left, right] = [points(40, 16, 5), points(30, 16, 6)];
    for (let i = 0; i < 10; i++) for (let j = 0; j < 16; j++) right.data[i * 16 + j] = left.data[i * 16 + j]! + 1e-4;
    const found = new Float64Array(10);
    await visitSquaredDistances(left, right, {
      pairwise,
      visit: (i, j, squared) => {
        if (i === j && i < 10) found[i] = squared;
      },
    });
    // The product form alone is off by about 1e-6, 60 times the true 1.6e-7.
    for (const squared of found) expect(squared).toBeCloseTo(16e-8, 8);
  });

  test('an item is not its own neighbour, but its exact duplicate is', async () => {
    const base = matrixOf([
      [1, 0],
      [0.6, 0.8],
      [1, 0],
      [0, 1],
    ]);
    const found = await otherNeighbours(takeRows(base, [0, 2, 3]), sourceOf(base), {
      k: 1,
      metric: 'inner',
      pairwise,
      own: Int32Array.of(0, 2, 3),
    });
    expect(Array.from(found.indices)).toEqual([2, 0, 1]);
    expect(Array.from(found.scores)).toEqual([1, 1, expect.closeTo(0.8, 6)]);
  });

  test('too many neighbours and different widths are refused', async () => {
    const base = sourceOf(points(4, 3, 7));
    await expect(pairwise.neighbours(points(2, 3, 8), base, { k: 5, metric: 'inner' })).rejects.toThrow(
      '"k" expected 1 to 4',
    );
    await expect(pairwise.neighbours(points(2, 2, 8), base, { k: 1, metric: 'inner' })).rejects.toThrow('2 wide');
    const options = { k: 4, metric: 'inner', pairwise, own: Int32Array.of(0, 1) } as const;
    await expect(otherNeighbours(points(2, 3, 8), base, options)).rejects.toThrow('"k" expected 1 to 3');
  });
});

describe('rows of sources', () => {
  const matrix = points(50, 3, 9);

  test('are read in any order and in runs', async () => {
    const wanted = [3, 4, 5, 20, 1, 49];
    expect(await readRows(sourceOf(matrix), wanted)).toEqual(takeRows(matrix, wanted));
  });

  test('of two parts are one after the other, across the seam too', async () => {
    const other = points(7, 3, 10);
    const both = appendRows(sourceOf(matrix), other);
    expect(both.rows).toBe(57);
    const whole = stackRows(matrix, other);
    for (const [start, count] of [
      [0, 50],
      [48, 5],
      [50, 7],
      [0, 57],
    ] as const)
      expect(Array.from(await both.read(start, count))).toEqual(
        Array.from(whole.data.subarray(start * 3, (start + count) * 3)),
      );
  });

  test('are transformed as they are read', async () => {
    const doubled = mapSource(sourceOf(matrix), block => ({ ...block, data: block.data.map(value => 2 * value) }));
    expect((await doubled.read(4, 1))[0]).toBeCloseTo(2 * matrix.data[12]!, 6);
    let rows = 0;
    for await (const { start, block } of eachBlock(doubled)) {
      expect(start).toBe(rows);
      rows += block.rows;
    }
    expect(rows).toBe(50);
  });

  test('have a mean, and length 1 after it is taken off', async () => {
    const centre = await meanRow(sourceOf(matrix));
    expect(centre[1]).toBeCloseTo(
      matrix.data.filter((_, at) => at % 3 === 1).reduce((sum, value) => sum + value, 0) / 50,
      6,
    );
    const units = normaliseRows(matrix, centre);
    for (let i = 0; i < 50; i++) expect(Math.hypot(...row(units, i))).toBeCloseTo(1, 6);
    expect(Array.from(normaliseRows(matrixOf([[1, 1]]), Float64Array.of(1, 1)).data)).toEqual([0, 0]);
    await expect(meanRow(sourceOf({ rows: 0, cols: 3, data: new Float32Array() }))).rejects.toThrow('no rows');
  });

  test('are sampled in order, and all of them where there are few', () => {
    expect(Array.from(sampleNumbers(4, 10, key))).toEqual([0, 1, 2, 3]);
    const some = Array.from(sampleNumbers(1000, 50, key));
    expect(new Set(some).size).toBe(50);
    expect(some).toEqual([...some].sort((a, b) => a - b));
    expect(sampleRows(matrix, 100, key)).toBe(matrix);
    expect(sampleRows(matrix, 5, key).rows).toBe(5);
  });
});
