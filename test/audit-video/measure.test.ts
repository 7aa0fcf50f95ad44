import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  clipScore,
  contentScore,
  findPicture,
  findSegments,
  microAp,
  pairScore,
  readVscTruth,
  segmentAp,
  wholeMatrix,
} from '../../src/jobs/audit-video/index.ts';
import { clusterDuplicates } from '../../src/jobs/audit-video/measure/statistics.ts';
import { Tally } from '../../src/jobs/audit-video/measure/tally.ts';
import { temporaryFolder } from '../faces/models.ts';

/** Rows of length 1. */
function rows(seed: number, n: number, width = 24): Float32Array[] {
  const stream = openStream(randomKey(seed));
  return Array.from({ length: n }, () => {
    const row = Float32Array.from({ length: width }, () => stream.normal());
    const length = Math.hypot(...row);
    return row.map(value => value / length);
  });
}
const productsOf = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
  wholeMatrix(
    Float32Array.from(a.flatMap(x => b.map(y => x.reduce((sum, value, k) => sum + value * y[k]!, 0)))),
    b.length,
  );
const track = (list: readonly unknown[], step = 1) => ({ n: list.length, step });
const WINDOW = 600;

describe('scores of content', () => {
  test('are what their definitions say', () => {
    const a = rows(1, 5);
    const b = [...rows(2, 3), ...a.slice(1, 4), ...rows(3, 2)];
    const products = productsOf(a, b);
    const sides = { first: track(a), second: track(b) };
    expect(pairScore(products, sides.first, sides.second)).toBeCloseTo(1, 6);
    // Three frames in step, and nothing else that is longer.
    expect(clipScore(products, { ...sides, window: 3 })).toBeCloseTo(1, 6);
    // The whole of both, of equal length: (1/k) Σ ⟨q_i, r_i⟩.
    const c = rows(4, 5);
    const mean = a.reduce((sum, row, i) => sum + row.reduce((s, value, k) => s + value * c[i]![k]!, 0), 0) / 5;
    expect(clipScore(productsOf(a, c), { first: track(a), second: track(c), window: WINDOW })).toBeCloseTo(mean, 6);
    // Both ways, the smaller: every frame of the first occurs in the second, not the other way round.
    const d = [...a, ...rows(5, 5)];
    const both = contentScore(productsOf(a, d), { first: track(a), second: track(d, 0.5), window: WINDOW });
    expect(both).toBeLessThan(0.8);
    expect(contentScore(productsOf(a, d), { first: track(a), second: track(d), window: WINDOW })).toBeCloseTo(1, 6);
  });

  test('the content score does not change when the frames of both are shuffled', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9, maxLength: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (order, window) => {
          const a = rows(6, 9);
          const b = rows(7, 9).map((row, i) => row.map((value, k) => value + 0.8 * a[i]![k]!));
          const score = (x: Float32Array[], y: Float32Array[]): number =>
            contentScore(productsOf(x, y), { first: track(x), second: track(y), window });
          const shuffled = (list: Float32Array[]): Float32Array[] => order.map(i => list[i]!);
          expect(Math.abs(score(shuffled(a), b) - score(a, b))).toBeLessThan(1e-6);
          expect(Math.abs(score(a, shuffled(b)) - score(a, b))).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('segments', () => {
  /** A long clip whose frames change slowly, and a copy of a part of it at some speed. */
  function copied(speed: number, reversed: boolean) {
    const keys = rows(11, 40);
    const at = (t: number): Float32Array => {
      const place = Math.max(0, Math.min(38.999, t));
      const [i, share] = [Math.floor(place), place % 1];
      const row = keys[i]!.map((value, k) => value * (1 - share) + keys[i + 1]![k]! * share);
      const length = Math.hypot(...row);
      return row.map(value => value / length);
    };
    const training = Array.from({ length: 120 }, (_, i) => at(i * 0.25));
    const before = rows(12, 8);
    const inside = Array.from({ length: 24 }, (_, i) => at(8 + (reversed ? 24 - 1 - i : i) * 0.25 * speed));
    const generated = [...before, ...inside, ...rows(13, 6)];
    return { generated, training };
  }

  test.each([
    [1, false],
    [0.7, false],
    [1.5, false],
    [1.2, true],
  ])('a part that was taken at a speed of %d (backwards: %s) is found in both', (speed, reversed) => {
    const { generated, training } = copied(speed, reversed);
    const [first, ...others] = findSegments(productsOf(generated, training), {
      first: track(generated, 0.25),
      second: track(training, 0.25),
      threshold: 0.6,
      least: 0.75,
    });
    expect(others).toHaveLength(0);
    expect(first!.reversed).toBe(reversed);
    expect(Math.abs(first!.scaling - speed)).toBeLessThan(0.1);
    const truth = { first: [2, 8], second: [8, 8 + 6 * speed] };
    for (const side of ['first', 'second'] as const)
      for (const end of [0, 1]) expect(Math.abs(first![side][end]! - truth[side][end]!), side).toBeLessThan(0.5);
  });

  test('clips that share nothing have none', () => {
    const [a, b] = [rows(14, 40), rows(15, 60)];
    const sides = { first: track(a), second: track(b) };
    expect(findSegments(productsOf(a, b), { ...sides, threshold: 0.6, least: 2 })).toEqual([]);
  });
});

describe('scores of VSC2022', () => {
  // Segment AP by `match_metric` of facebookresearch/vsc2022, vsc/metrics.py, run once on random segments with ties (November 2026); micro-AP by the definition that it
  // takes from scikit-learn, Σ precision · change of recall with ties together.
  const row = z.tuple([z.string(), z.string(), z.number(), z.number(), z.number(), z.number()]);
  const vector = z
    .object({
      truth: z.array(row),
      predictions: z.array(z.tuple([...row.def.items, z.number()])),
      segmentAp: z.number(),
      microAp: z.number(),
    })
    .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/vsc2022.json'), 'utf8')));
  const matchOf = ([query, reference, queryStart, queryEnd, referenceStart, referenceEnd]: z.infer<typeof row>) => ({
    query,
    reference,
    queryStart,
    queryEnd,
    referenceStart,
    referenceEnd,
  });
  const truth = vector.truth.map(matchOf);
  const predictions = vector.predictions.map(([a, b, c, d, e, f, score]) => ({
    ...matchOf([a, b, c, d, e, f]),
    score,
  }));

  test('are those of the published code', () => {
    expect(segmentAp(truth, predictions)).toBeCloseTo(vector.segmentAp, 12);
    expect(microAp(truth, predictions)).toBeCloseTo(vector.microAp, 12);
    const perfect = truth.map(match => ({ ...match, score: 1 }));
    expect([segmentAp(truth, perfect), microAp(truth, perfect)]).toEqual([1, 1]);
    expect([segmentAp(truth, []), microAp(truth, [])]).toEqual([0, 0]);
  });

  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  const header = 'query_id,ref_id,query_start,query_end,ref_start,ref_end';
  test.each([
    ['a word for a number', `${header}\na,b,x,2,0,1\n`, /row 1 below the header: "query_start"/],
    ['an end before a beginning', `${header}\na,b,0,2,0,1\na,b,3,2,0,1\n`, /row 2 .*ends before it begins/],
    ['a missing column', 'query_id,ref_id\na,b\n', /"query_start"/],
    ['no row', `${header}\n`, /there are no segments/],
  ])('a table with %s is refused', async (name, text, message) => {
    const file = join(folder.path, `${name}.csv`);
    writeFileSync(file, text);
    await expect(readVscTruth(file)).rejects.toThrow(message);
  });
});

test('black bars are found, and a dark picture is not taken for one', () => {
  const frame = (dark: (x: number, y: number) => boolean, light = 120) => ({
    width: 40,
    height: 30,
    data: Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % 40, Math.floor(i / 120)];
      return dark(x, y) ? 16 : light + ((x * 7 + y * 13) % 50);
    }),
  });
  // A line more on each side, which scaling blends.
  expect(findPicture([frame((_, y) => y < 4 || y >= 26), frame((_, y) => y < 4 || y >= 26)])).toEqual({
    x: 0,
    y: 5,
    width: 40,
    height: 20,
  });
  expect(findPicture([frame(x => x < 6)])).toEqual({ x: 7, y: 0, width: 33, height: 30 });
  const whole = { x: 0, y: 0, width: 40, height: 30 };
  expect(findPicture([frame(() => true)])).toEqual(whole);
  // A bar in one frame alone is none.
  expect(findPicture([frame((_, y) => y < 4), frame(() => false)])).toEqual(whole);
  expect(findPicture([frame((_, y) => y < 25)])).toEqual(whole);
});

describe('scores of a clip with a set', () => {
  test('a list holds each cluster of duplicates once, so that many duplicates hide no other clip', () => {
    const tally = new Tally();
    // 70 duplicates of one clip, then ten others.
    const scores = Float32Array.from({ length: 80 }, (_, i) => (i < 70 ? 0.9 : 0.5 - i / 1000));
    tally.add(scores, { cluster: Int32Array.from(scores, (_, i) => Math.max(0, i - 69)) });
    tally.add(scores, { skip: other => other < 75 });
    const { lists, top1, nearest } = tally.done();
    expect(lists[0]!.map(({ index }) => index)).toEqual(Array.from({ length: 11 }, (_, i) => i));
    expect(nearest).toEqual(Int32Array.of(0, 75));
    expect(top1[1]).toBeCloseTo(0.425, 6);
  });

  test('training clips that are one another’s duplicates are one cluster, named by its first', () => {
    const stream = openStream(randomKey(17));
    const n = 30;
    const scores = Array.from({ length: n }, () => new Float32Array(n).fill(1));
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) scores[i]![j] = scores[j]![i] = Math.tanh(0.15 * stream.normal());
    for (const [i, j] of [
      [4, 9],
      [9, 21],
      [2, 25],
    ] as const)
      scores[i]![j] = scores[j]![i] = 0.9995;
    const { threshold, leader } = clusterDuplicates(scores);
    expect(threshold).toBeLessThanOrEqual(0.999);
    expect(Array.from(leader.keys()).filter(i => leader[i] !== i)).toEqual([9, 21, 25]);
    expect([leader[9], leader[21], leader[25]]).toEqual([4, 4, 2]);
  });
});
