import { describe, expect, test } from 'vitest';
import { randomKey } from '../../../src/ground/math/index.ts';
import { frechetDistance } from '../../../src/jobs/audit/metrics/fid.ts';
import { featureLikelihoodDivergence } from '../../../src/jobs/audit/metrics/fld.ts';
import { kernelDistance } from '../../../src/jobs/audit/metrics/kid.ts';
import { vendi, vendiOfKernel } from '../../../src/jobs/audit/metrics/vendi.ts';
import { plainPairwise } from '../../../src/jobs/audit/pairwise.ts';
import { matrixOf, VECTOR_SETS } from '../vectors.ts';

const { training, heldout, generated, withoutCopies, firstTraining } = VECTOR_SETS;
const options = { pairwise: plainPairwise };

describe('KID', () => {
  test('vector', async () => {
    // polynomial_mmd of the authors' code, one block of 50: (x·y/d + 1)³, unbiased.
    const metric = await kernelDistance(firstTraining, generated, options);
    expect(metric.value).toBeCloseTo(0.4323742, 5);
  });

  test('the closed-form jackknife is the one by leaving items out', async () => {
    const left = matrixOf(Array.from({ length: 7 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i / 7]));
    const right = matrixOf(Array.from({ length: 5 }, (_, i) => [Math.cos(i), Math.sin(2 * i), 1 - i / 5]));
    const whole = await kernelDistance(left, right, options);
    const variance = async (set: 'left' | 'right', n: number): Promise<number> => {
      const parts = await Promise.all(
        Array.from({ length: n }, async (_, out) => {
          const without = (matrix: typeof left) => ({
            rows: matrix.rows - 1,
            cols: matrix.cols,
            data: matrix.data.filter((_, at) => Math.floor(at / matrix.cols) !== out),
          });
          const metric = await kernelDistance(
            set === 'left' ? without(left) : left,
            set === 'right' ? without(right) : right,
            options,
          );
          return metric.value ?? Number.NaN;
        }),
      );
      const mean = parts.reduce((sum, part) => sum + part, 0) / n;
      return ((n - 1) / n) * parts.reduce((sum, part) => sum + (part - mean) ** 2, 0);
    };
    const standardError = Math.sqrt((await variance('left', 7)) + (await variance('right', 5)));
    const reach = ((whole.interval?.high ?? 0) - (whole.interval?.low ?? 0)) / 2;
    expect(reach).toBeCloseTo(1.959964 * standardError, 4);
  });
});

describe('Fréchet distance', () => {
  test('vector', () => {
    // numpy with ddof=1 and scipy.linalg.sqrtm
    expect(frechetDistance(training, generated).value).toBeCloseTo(1.0982555, 5);
    expect(frechetDistance(heldout, generated).value).toBeCloseTo(0.8171635, 5);
  });

  test('is zero for a set and itself, and the squared shift for a moved one', () => {
    expect(frechetDistance(training, training).value).toBeCloseTo(0, 6);
    const moved = { ...training, data: training.data.map(value => value + 2) };
    expect(frechetDistance(training, moved).value).toBeCloseTo(6 * 4, 4);
  });
});

describe('Vendi', () => {
  test('vector', () => {
    // vendi_score.score_K of the cosine kernel, orders 1, 2 and infinity
    const { q1, q2, qInfinity } = vendi(generated);
    expect(q1.value).toBeCloseTo(5.289786, 5);
    expect(q2.value).toBeCloseTo(4.806721, 5);
    expect(qInfinity.value).toBeCloseTo(3.23085, 5);
  });

  test('published values', () => {
    // vendi_score's README: samples 0, 0, 10, 10, 20, 20 with e^−|a − b|, and a kernel of three items.
    const samples = [0, 0, 10, 10, 20, 20];
    expect(
      vendiOfKernel(
        samples.map(a => samples.map(b => Math.exp(-Math.abs(a - b)))),
        1,
      ),
    ).toBeCloseTo(2.9999, 3);
    const kernel = [
      [1, 0.9, 0],
      [0.9, 1, 0],
      [0, 0, 1],
    ];
    expect(vendiOfKernel(kernel, 1)).toBeCloseTo(2.1573, 4);
  });
});

test('Fréchet distance and Vendi are the same by rows, where there are fewer of them than columns, and by columns', () => {
  const filled = (rows: number, cols: number, used: number, phase: number) => ({
    rows,
    cols,
    data: Float32Array.from({ length: rows * cols }, (_, at) => {
      const [i, j] = [Math.floor(at / cols), at % cols];
      return j < used ? Math.sin(phase + 3 * i * (j + 1)) / (j + 1) + phase : 0;
    }),
  });
  const of = (cols: number) => {
    const [real, generated] = [filled(23, cols, 6, 0.3), filled(15, cols, 6, 0.5)];
    const { value, interval } = frechetDistance(real, generated);
    const { q1, qInfinity } = vendi(real);
    return [value, interval?.low, q1.value, q1.interval?.low, qInfinity.value, qInfinity.interval?.high].map(Number);
  };
  const narrow = of(6);
  of(40).forEach((value, i) => {
    expect(value).toBeCloseTo(narrow[i]!, 6);
  });
  expect(narrow[0]).toBeGreaterThan(0.1);
});

describe('FLD', () => {
  const key = randomKey(1);

  test('vector', async () => {
    // fld 0.1 (marcojira/fld at ffbbf20) on the same sets with baseline 1, repeated in numpy double precision; its own float32
    // distances of near-copies cancel, and give 4.142 and −50.177 for training and gap.
    const result = await featureLikelihoodDivergence(
      { training, heldout, generated },
      { ...options, key, baseline: 1 },
    );
    expect(result.fld.value).toBeCloseTo(54.319, 2);
    expect(result.training.value).toBeCloseTo(4.1234, 1);
    expect(result.gap.value).toBeCloseTo(-50.196, 1);
    const scores = [...result.memorisation];
    expect(Math.min(...scores.slice(45))).toBeGreaterThan(5.12);
    expect(Math.max(...scores.slice(45))).toBeLessThan(5.16);
    expect(Math.max(...scores.slice(0, 45))).toBeCloseTo(-0.44327, 3);
  });

  test('vector without the copies', async () => {
    const sets = { training, heldout, generated: withoutCopies };
    const { gap } = await featureLikelihoodDivergence(sets, { ...options, key, baseline: 1 });
    expect(gap.value).toBeCloseTo(1.398, 2);
  });

  test('the default baseline is near what fresh training data score', async () => {
    const { fld } = await featureLikelihoodDivergence(
      { training, heldout, generated: withoutCopies },
      { ...options, key },
    );
    expect(Math.abs(fld.value ?? Number.NaN)).toBeLessThan(40);
  });
});
