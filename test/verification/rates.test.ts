import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  type Comparisons,
  curveOf,
  equalErrorRate,
  measureRates,
  measureShare,
  orderComparisons,
  pointAtFmr,
  ratesAtThreshold,
  thinCurve,
  whyNotMeasurable,
} from '../../src/jobs/verification/index.ts';

const rateSchema = z.object({ threshold: z.number(), far: z.number(), frr: z.number() });
const expected = z
  .object({
    sum: z.object({ genuine: z.number(), impostor: z.number() }),
    distinct: z.number(),
    pyeer: z.object({ eer: z.number(), low: z.number(), high: z.number() }),
    bob: z.object({ eer: z.number(), rates: z.array(rateSchema), roc: z.array(z.tuple([z.number(), z.number()])) }),
    numpy: z.array(z.object({ target: z.number(), threshold: z.number(), fmr: z.number(), fnmr: z.number() })),
  })
  .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/rates.json'), 'utf8')));

/** The scores of fixtures/rates.py. */
function word(i: number, k: number): number {
  let x = (4 * i + k) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b) >>> 0;
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

function scoreOf(i: number, shift: number): number {
  const total = (word(i, 0) / 2 ** 32 + word(i, 1) / 2 ** 32 + word(i, 2) / 2 ** 32 + word(i, 3) / 2 ** 32) / 4 + shift;
  const grid = i % 2 === 0 ? 256 : 4096;
  return Math.floor(total * grid) / grid;
}

/** Comparisons of scores alone. */
function of(genuine: readonly number[], impostor: readonly number[]): Comparisons {
  return {
    scores: Float64Array.from([...genuine, ...impostor]),
    mated: Uint8Array.from([...genuine.map(() => 1), ...impostor.map(() => 0)]),
    persons: null,
    people: 0,
  };
}

describe('a million scores with ties', () => {
  const scores = Float64Array.from({ length: 1_000_000 }, (_, i) => scoreOf(i, i < 200_000 ? 0.3 : 0));
  const mated = Uint8Array.from({ length: scores.length }, (_, i) => (i < 200_000 ? 1 : 0));
  const ordered = orderComparisons({ scores, mated });
  const curve = curveOf(ordered)!;

  test('the scores are those of the reference', () => {
    const sum = (from: number, to: number) => scores.subarray(from, to).reduce((total, score) => total + score, 0);
    expect(sum(0, 200_000)).toBeCloseTo(expected.sum.genuine, 5);
    expect(sum(200_000, 1_000_000)).toBeCloseTo(expected.sum.impostor, 5);
    expect(curve.thresholds.length).toBe(expected.distinct + 1);
  });

  test('the equal error rate is that of pyeer and of bob', () => {
    const { value, fmr, fnmr } = equalErrorRate(curve);
    expect(value).toBeCloseTo(expected.pyeer.eer, 12);
    expect(value).toBeCloseTo(expected.bob.eer, 12);
    expect([fmr, fnmr].sort()).toEqual([expected.pyeer.low, expected.pyeer.high].sort());
  });

  test('FMR and FNMR at thresholds are those of bob, also between scores', () => {
    for (const { threshold, far, frr } of expected.bob.rates) {
      const found = ratesAtThreshold({ scores, mated, persons: null, people: 0 }, threshold, { key: randomKey(1) });
      expect(found.fmr.value).toBeCloseTo(far, 12);
      expect(found.fnmr.value).toBeCloseTo(frr, 12);
    }
  });

  test('the threshold of a false match rate is the lowest that keeps it, as in NumPy; FNMR as in the ROC of bob', () => {
    for (const { target, ...point } of expected.numpy) expect(pointAtFmr(curve, target)).toEqual(point);
    for (const [far, frr] of expected.bob.roc) {
      const found = pointAtFmr(curve, far);
      expect(found.fmr).toBeCloseTo(far, 12);
      // bob gives the rejections at or just below its threshold: no fewer matches than we count.
      expect(Math.abs(found.fnmr - frr)).toBeLessThan(0.002);
    }
  });

  test('a thinned curve keeps its ends and loses nothing in between', () => {
    const points = thinCurve(curve);
    expect(points.length).toBeLessThan(320);
    expect(points[0]).toMatchObject({ fmr: 1, fnmr: 0 });
    expect(points.at(-1)).toMatchObject({ fmr: 0, fnmr: 1 });
    for (const point of points) if (point.fmr > 0) expect(pointAtFmr(curve, point.fmr)).toEqual(point);
  });
});

test('rates are asked for where scores are equal: a match is a score at or above the threshold', () => {
  const curve = curveOf(orderComparisons(of([0.5, 0.5, 0.9], [0.1, 0.5])))!;
  expect([...curve.thresholds]).toEqual([0.1, 0.5, 0.9, Number.POSITIVE_INFINITY]);
  expect([...curve.fmr]).toEqual([1, 0.5, 0, 0]);
  expect([...curve.fnmr]).toEqual([0, 0, 2 / 3, 1]);
});

test('perfect, reversed and constant scores', () => {
  const eer = (comparisons: Comparisons) => equalErrorRate(curveOf(orderComparisons(comparisons))!).value;
  expect(eer(of([2, 3], [0, 1]))).toBe(0);
  expect(eer(of([0, 1], [2, 3]))).toBe(1);
  expect(eer(of([1, 1], [1, 1, 1]))).toBe(0.5);
  expect(curveOf(orderComparisons(of([1], [])))).toBeNull();
});

test('a rate that 30 errors do not support is not measurable, and says with how many pairs', () => {
  expect(whyNotMeasurable(1e-4, 300_000)).toBeNull();
  expect(whyNotMeasurable(1e-4, 299_999)).toContain('not measurable with 299,999');
  const rates = measureRates(
    of(
      [1, 2, 3],
      Array.from({ length: 4000 }, (_, i) => i / 4000),
    ),
    { key: randomKey(1) },
  );
  expect(rates.tmr['0.01']).toMatchObject({ value: 1, n: 3 });
  expect(rates.tmr['0.001']).toMatchObject({ value: null, reason: expect.stringContaining('not measurable') });
  expect(rates.points.find(({ target }) => target === 0.001)?.threshold).toBeNull();
});

describe('intervals resample people', () => {
  /** Pairs of people of whom some are missed far more often than others. */
  function simulate(seed: number, people: number): Comparisons {
    const stream = openStream(foldIn(randomKey(seed), 'simulation'));
    const each = 12;
    const reference = Uint32Array.from({ length: people * each }, (_, i) => Math.floor(i / each));
    const hard = Array.from({ length: people }, () => (stream.bool(0.25) ? 0.6 : 0.1));
    return {
      scores: Float64Array.from(reference, person => (stream.bool(hard[person]!) ? 0 : 1)),
      mated: new Uint8Array(people * each).fill(1),
      persons: { reference, probe: reference },
      people,
    };
  }

  test('the interval holds the true rate about as often as it says; one over pairs would not', () => {
    const truth = 0.25 * 0.6 + 0.75 * 0.1;
    let held = 0;
    let heldOverPairs = 0;
    const trials = 120;
    for (let trial = 0; trial < trials; trial++) {
      const comparisons = simulate(100 + trial, 60);
      const { value, n, interval } = measureShare(comparisons, {
        wanted: () => true,
        holds: i => comparisons.scores[i] === 0,
        stream: openStream(randomKey(trial)),
        reason: '',
      });
      if (interval !== null && interval.low <= truth && truth <= interval.high) held++;
      const half = 1.96 * Math.sqrt((value! * (1 - value!)) / n);
      if (Math.abs(value! - truth) <= half) heldOverPairs++;
    }
    // Of 120 trials at 95 % fewer than 105 are held with a probability below 0.001; over pairs the coverage is about 70 %.
    expect(held).toBeGreaterThanOrEqual(105);
    expect(heldOverPairs).toBeLessThan(100);
  });

  test('no interval where the people are not known', () => {
    expect(measureRates(of([1, 2, 3], [0, 1, 2]), { key: randomKey(1) }).eer.interval).toBeNull();
  });
});
