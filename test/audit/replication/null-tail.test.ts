import { describe, expect, test } from 'vitest';
import { benjaminiHochberg, foldIn, openStream, type RandomStream, randomKey } from '../../../src/ground/math/index.ts';
import { fisherZ, fitNullTail } from '../../../src/jobs/audit/replication/null-tail.ts';

const key = randomKey(11);

/** Top-1 similarities as they come: Gumbel in Fisher's z. */
function gumbel(stream: RandomStream): number {
  return Math.tanh(0.5 - 0.08 * Math.log(-Math.log(stream.uniform() + 2 ** -60)));
}

function exponential(stream: RandomStream): number {
  return Math.tanh(0.4 - 0.08 * Math.log(1 - stream.uniform()));
}

/** Share of p-values at or below each level, and of rounds in which Benjamini-Hochberg at 5 % calls anything. */
function simulate(draw: (stream: RandomStream) => number, rounds: number, levels: readonly number[]) {
  const stream = openStream(foldIn(key, draw.name));
  const hits = levels.map(() => 0);
  let called = 0;
  const [size, tested] = [300, 200];
  for (let round = 0; round < rounds; round++) {
    const tail = fitNullTail(Float64Array.from({ length: size }, () => draw(stream)));
    const pValues = Array.from({ length: tested }, () => tail.pValue(draw(stream)));
    levels.forEach((level, i) => {
      hits[i]! += pValues.filter(p => p <= level).length;
    });
    if (benjaminiHochberg(pValues).some(q => q <= 0.05)) called++;
  }
  return { rates: hits.map(count => count / rounds / tested), called: called / rounds };
}

describe('p-values of the null of top-1 similarities', () => {
  test('are conformal within the sample', () => {
    const sample = Array.from({ length: 100 }, (_, i) => i / 200);
    const tail = fitNullTail(sample);
    // 51 of 100 are at least 0.245.
    expect(tail.pValue(0.245)).toBeCloseTo((1 + 51) / 101, 12);
    expect(tail.pValue(-1)).toBe(1);
  });

  test('are conformal throughout for a small sample', () => {
    const tail = fitNullTail([0.1, 0.2, 0.3]);
    expect(tail.method).toBe('conformal');
    expect(tail.pValue(0.99)).toBe(0.25);
  });

  test('fall with similarity, without a jump up where the tail begins', () => {
    const stream = openStream(key);
    const tail = fitNullTail(Float64Array.from({ length: 500 }, () => gumbel(stream)));
    let last = 1;
    for (let similarity = 0; similarity < 1; similarity += 0.001) {
      const p = tail.pValue(similarity);
      expect(p).toBeLessThanOrEqual(last);
      last = p;
    }
    expect(tail.pValue(1)).toBeLessThan(1e-6);
  });

  test.each([gumbel, exponential])('come up as seldom as they say: %o', draw => {
    // 400 rounds of 200 share their samples, so the spread is that of the rounds: about 0.0013 at 0.01 and 0.0002 at 0.001. The limits
    // are 4 of those above the level, a false alarm in fewer than 1 of 10,000 runs of other seeds.
    const { rates, called } = simulate(draw, 400, [0.1, 0.01, 0.001]);
    expect(rates[0]).toBeLessThan(0.1 + 0.012);
    expect(rates[1]).toBeLessThan(0.01 + 0.005);
    expect(rates[2]).toBeLessThan(0.001 + 0.0008);
    // With nothing to find, any call is a false discovery: at most 5 % of rounds, and 0.05 + 4·√(0.05·0.95/400).
    expect(called).toBeLessThan(0.094);
    // They are not so small as to be useless either.
    expect(rates[0]).toBeGreaterThan(0.08);
    expect(rates[1]).toBeGreaterThan(0.005);
  });

  test('a heavier tail is met with a heavier fit', () => {
    // Pareto in z with shape ½; the median of the estimated shape over 40 samples lies well above that of exponential ones.
    const stream = openStream(foldIn(key, 'heavy'));
    const shapes = (draw: () => number): number => {
      const all = Array.from({ length: 40 }, () => fitNullTail(Float64Array.from({ length: 1000 }, draw)).shape);
      return all.sort((a, b) => a - b)[20] ?? 0;
    };
    const heavy = shapes(() => Math.tanh(0.1 * (1 - stream.uniform()) ** -0.5));
    const light = shapes(() => exponential(stream));
    expect(heavy).toBeGreaterThan(0.25);
    expect(light).toBeLessThan(0.1);
  });

  test('one copy among a thousand images can be called, which conformal p-values alone cannot', () => {
    const stream = openStream(foldIn(key, 'one'));
    let [found, alarms] = [0, 0];
    for (let round = 0; round < 100; round++) {
      const tail = fitNullTail(Float64Array.from({ length: 300 }, () => gumbel(stream)));
      const pValues = [tail.pValue(0.98), ...Array.from({ length: 999 }, () => tail.pValue(gumbel(stream)))];
      const [copy = 1, ...others] = benjaminiHochberg(pValues);
      if (copy <= 0.05) found++;
      if (others.some(q => q <= 0.05)) alarms++;
    }
    expect(found).toBeGreaterThanOrEqual(85);
    // A call beside the copy's is false with probability at most 0.05 each time: 10 + 4·√10 of 100 would be far above.
    expect(alarms).toBeLessThan(18);
    expect(1 / 301).toBeGreaterThan(0.05 / 1000);
  });
});

test("Fisher's z is finite at the ends", () => {
  expect(fisherZ(0.5)).toBeCloseTo(0.549306, 6);
  expect(fisherZ(1)).toBeLessThan(9);
  expect(fisherZ(1.0000001)).toBe(fisherZ(1));
  expect(fisherZ(-1)).toBe(-fisherZ(1));
});
