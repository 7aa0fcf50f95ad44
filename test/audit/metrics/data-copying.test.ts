import { describe, expect, test } from 'vitest';
import { foldIn, type Matrix, openStream, randomKey } from '../../../src/ground/math/index.ts';
import { dataCopying } from '../../../src/jobs/audit/metrics/data-copying.ts';
import { plainPairwise } from '../../../src/jobs/audit/pairwise.ts';
import { sourceOf } from '../../../src/kit/tensor/index.ts';

const key = randomKey(17);
const COLS = 80;

/** Three clusters, wider than the 64 components that are kept. */
function clusters(rows: number, seed: number): Matrix {
  const stream = openStream(foldIn(key, seed));
  const data = stream.fillNormal(new Float32Array(rows * COLS));
  for (let i = 0; i < rows; i++) data[i * COLS + (i % 3)]! += 12;
  return { rows, cols: COLS, data };
}

async function ctOf(seed: number, generated: (training: Matrix) => Matrix) {
  const training = clusters(180, seed);
  const sets = { training: sourceOf(training), heldout: clusters(120, seed + 1), generated: generated(training) };
  return dataCopying(sets, { pairwise: plainPairwise, key });
}

describe('C_T', () => {
  test('is about standard normal for fresh items, and its interval covers 0', async () => {
    // 40 rounds: mean within ±4/√40, and at least 30 of 40 intervals of 95 % hold 0 in all but 1 of 100,000 runs.
    let [sum, covered] = [0, 0];
    for (let round = 0; round < 40; round++) {
      const { value, interval } = await ctOf(100 + 3 * round, () => clusters(150, 102 + 3 * round));
      expect(Math.abs(value ?? 99)).toBeLessThan(4);
      sum += value ?? 0;
      if (interval !== null && interval.low <= 0 && 0 <= interval.high) covered++;
    }
    expect(Math.abs(sum / 40)).toBeLessThan(0.64);
    expect(covered).toBeGreaterThan(30);
  });

  test('is far below −3 for altered copies, and far above 3 for items far away', async () => {
    const copies = await ctOf(1, training => ({ ...training, data: training.data.map(value => value + 0.01) }));
    expect(copies.value).toBeLessThan(-6);
    expect(copies.interval?.high).toBeLessThan(-3);
    const far = await ctOf(2, training => {
      const away = clusters(training.rows, 3);
      return { ...away, data: away.data.map(value => 3 * value) };
    });
    expect(far.value).toBeGreaterThan(6);
  });

  test('finds copying in one cell that good items in the others hide from a whole-set test', async () => {
    const { value } = await ctOf(4, training => {
      const mixed = clusters(180, 5);
      for (let i = 0; i < 180; i += 3) mixed.data.set(training.data.subarray(i * COLS, (i + 1) * COLS), i * COLS);
      return mixed;
    });
    expect(value).toBeLessThan(-2);
  });

  test('says why it is missing when no cell holds enough generated items', async () => {
    const { value, reason } = await ctOf(6, () => clusters(9, 7));
    expect(value).toBeNull();
    expect(reason).toContain('no cell holds more than 20 generated');
  });
});
