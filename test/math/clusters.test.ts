import { describe, expect, test } from 'vitest';
import { kMeans } from '../../src/ground/math/k-means.ts';
import { type Matrix, row } from '../../src/ground/math/matrix.ts';
import { pca, projectPca } from '../../src/ground/math/pca.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';
import { largestGap, waves } from './vectors.ts';

describe('principal components', () => {
  // numpy 2: u, s, vt = svd(X − mean); variances s²/(n − 1), rows of vt with their largest entry made positive.
  test('of many short rows', () => {
    const model = pca(waves(60, 6, [0.71, 0.013, 1, 0]).matrix, { components: 2 });
    expect(largestGap(model.variances, [0.570130440797657, 0.5505253518040373])).toBeLessThan(1e-7);
    const expected = [
      0.7480815579007545, 0.041729306916438835, -0.0716052985346771, -0.3518184490604783, -0.3608885951222548,
      0.4236608663851056, 0.009193823885177558, 0.050678773360849985, 0.980985823236636, -0.18464880645053988,
      0.026833612860570906, 0.014097008157257299,
    ];
    expect(largestGap(model.components, expected)).toBeLessThan(2e-6);
  });

  test('of few long rows, through the small Gram matrix', () => {
    const { matrix } = waves(5, 12, [0.71, 0.013, 1, 0]);
    const model = pca(matrix, { components: 4 });
    expect(
      largestGap(model.variances, [2.0196686473358016, 1.7636500280802272, 1.553028937947699, 0.1341130011892918]),
    ).toBeLessThan(1e-6);
    const expected = [
      -0.47375883449154566, 0.0322071195658819, 0.008770483267576243, 0.3987501745539086, 0.03268975524229915,
      -0.3318408862202635, 0.03285939836998619, 0.07505964487318956, 0.5792885421693849, -0.22811324449793316,
      0.15882290699237706, -0.29103329311673176,
    ];
    expect(largestGap(model.components.subarray(0, 12), expected)).toBeLessThan(1e-6);
    // Four components hold all of five rows: distances survive the projection.
    const projected = projectPca(model, matrix);
    const distance = (m: Matrix, i: number, j: number) =>
      Math.hypot(...row(m, i).map((value, at) => value - row(m, j)[at]!));
    for (let i = 1; i < 5; i++) expect(distance(projected, 0, i)).toBeCloseTo(distance(matrix, 0, i), 5);
  });

  test('directions without variance are still orthonormal', () => {
    const data = new Float32Array(20);
    for (let i = 0; i < 5; i++) data[i * 4] = i;
    const { components, variances } = pca({ rows: 5, cols: 4, data }, { components: 3 });
    expect(largestGap(variances, [2.5, 0, 0])).toBeLessThan(1e-12);
    for (let p = 0; p < 3; p++)
      for (let q = 0; q <= p; q++) {
        let along = 0;
        for (let j = 0; j < 4; j++) along += components[p * 4 + j]! * components[q * 4 + j]!;
        expect(along).toBeCloseTo(p === q ? 1 : 0, 12);
      }
    const same = pca({ rows: 3, cols: 5, data: new Float32Array(15).fill(2) }, { components: 2 });
    expect([...same.variances]).toEqual([0, 0]);
    expect(Math.hypot(...same.components.subarray(0, 5))).toBeCloseTo(1, 12);
  });

  test('wrong sizes are named', () => {
    const { matrix } = waves(5, 12, [0.71, 0.013, 1, 0]);
    expect(() => pca(matrix, { components: 5 })).toThrow('"components" expected 1 to 4 of a 5 × 12 matrix, got 5');
    expect(() => projectPca(pca(matrix, { components: 2 }), { rows: 1, cols: 3, data: new Float32Array(3) })).toThrow(
      '"matrix" expected 12 columns, got 3',
    );
  });
});

describe('k-means', () => {
  const blobs = (): Matrix => {
    const stream = openStream(foldIn(randomKey(8), 'blobs'));
    const data = new Float32Array(300 * 2);
    for (let i = 0; i < 300; i++) {
      data[2 * i] = 10 * (i % 3) + stream.normal();
      data[2 * i + 1] = i % 3 === 1 ? 20 + stream.normal() : stream.normal();
    }
    return { rows: 300, cols: 2, data };
  };

  test('finds planted clusters, and the same ones again', () => {
    const matrix = blobs();
    const result = kMeans(matrix, { k: 3, key: randomKey(1) });
    for (let i = 3; i < 300; i++) expect(result.cells[i]).toBe(result.cells[i % 3]);
    expect(new Set(result.cells).size).toBe(3);
    // 300 points of two unit variances, less the three fitted centres: χ² with 594 degrees.
    expect(result.inertia).toBeGreaterThan(594 - 6 * Math.sqrt(2 * 594));
    expect(result.inertia).toBeLessThan(594 + 6 * Math.sqrt(2 * 594));
    expect(kMeans(matrix, { k: 3, key: randomKey(1) })).toEqual(result);
  });

  test('ends at a fixed point: every row nearest to its own centre, every centre the mean of its rows', () => {
    const matrix = waves(120, 4, [0.93, 0.029, 0.8, 0.5]).matrix;
    const { centres, cells, inertia } = kMeans(matrix, { k: 7, key: randomKey(2) });
    let sum = 0;
    for (let i = 0; i < 120; i++) {
      const distances = Array.from({ length: 7 }, (_, c) =>
        row(matrix, i).reduce((total, value, j) => total + (value - row(centres, c)[j]!) ** 2, 0),
      );
      expect(distances[cells[i]!]).toBeCloseTo(Math.min(...distances), 6);
      sum += Math.min(...distances);
    }
    expect(inertia).toBeCloseTo(sum, 3);
    for (let c = 0; c < 7; c++) {
      const members = [...cells.keys()].filter(i => cells[i] === c);
      expect(members.length).toBeGreaterThan(0);
      for (let j = 0; j < 4; j++)
        expect(row(centres, c)[j]).toBeCloseTo(members.reduce((s, i) => s + row(matrix, i)[j]!, 0) / members.length, 5);
    }
  });

  test('edges: as many cells as rows, one cell, equal rows, wrong k', () => {
    const matrix = waves(6, 3, [0.71, 0.013, 1, 0]).matrix;
    expect(kMeans(matrix, { k: 6, key: randomKey(3) }).inertia).toBe(0);
    expect([...kMeans(matrix, { k: 1, key: randomKey(3) }).cells]).toEqual([0, 0, 0, 0, 0, 0]);
    const equal = { rows: 4, cols: 2, data: new Float32Array(8).fill(1) };
    expect(kMeans(equal, { k: 3, key: randomKey(3) }).inertia).toBe(0);
    expect(() => kMeans(matrix, { k: 7, key: randomKey(3) })).toThrow('"k" expected 1 to 6 cells of 6 rows, got 7');
  });
});
