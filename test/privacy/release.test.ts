import { describe, expect, test } from 'vitest';
import { openStream, randomKey, wilson } from '../../src/ground/math/index.ts';
import { noisyShareInterval, releaseShares, spentOf } from '../../src/kit/privacy/index.ts';
import { fixedIntegers } from './vectors.ts';

const COUNTS = { gender: { male: 620, female: 380 }, age: { young: 200, middle: 500, old: 300 } };

describe('shares with noise', () => {
  test('are near the true ones, add up to one, and cost what was asked', () => {
    const { attributes, counts, event } = releaseShares(COUNTS, {
      epsilon: 1,
      to: 'public',
      integers: fixedIntegers(1),
    });
    expect(attributes.gender!.male!.value).toBeCloseTo(0.62, 1);
    for (const shares of Object.values(attributes))
      expect(Object.values(shares).reduce((sum, { value }) => sum + value!, 0)).toBeCloseTo(1, 12);
    expect(counts).not.toEqual(COUNTS);
    expect(Number.isInteger(counts.age!.old)).toBe(true);
    // One person changes a count in each of two attributes.
    expect(event).toMatchObject({
      mechanism: 'discrete-laplace',
      scale: 2,
      sensitivity: 2,
      unit: 'person',
      to: 'public',
    });
    expect(spentOf([event], { delta: 1e-9 }).epsilon.rdp).toBeLessThanOrEqual(1);
  });

  test('normal noise where a δ is allowed: its event costs ε at δ and no more', () => {
    const { event } = releaseShares(COUNTS, { epsilon: 0.7, delta: 1e-6, to: 'press', integers: fixedIntegers(1) });
    expect(event.mechanism).toBe('discrete-gaussian');
    const { rdp } = spentOf([event], { delta: 1e-6 }).epsilon;
    expect(rdp).toBeLessThanOrEqual(0.7);
    expect(rdp).toBeGreaterThan(0.699);
  });

  test('where the noise drowns the counts there is no share, and a reason', () => {
    const { attributes } = releaseShares(
      { a: { x: 3, y: 2 } },
      { epsilon: 0.1, to: 'public', integers: fixedIntegers(2) },
    );
    expect(attributes.a!.x).toMatchObject({ value: null, interval: null });
    expect(attributes.a!.x!.reason).toContain('larger ε');
  });

  test('what is no count is refused', () => {
    expect(() => releaseShares({}, { epsilon: 1, to: 'x' })).toThrow('an attribute');
    expect(() => releaseShares({ a: { x: 1 } }, { epsilon: 1, to: 'x' })).toThrow('two classes');
    expect(() => releaseShares({ a: { x: 1, y: -1 } }, { epsilon: 1, to: 'x' })).toThrow('"y" expected a count');
    expect(() => releaseShares({ a: { x: 1, y: 1 } }, { epsilon: 0, to: 'x' })).toThrow('"epsilon"');
  });
});

describe('their intervals', () => {
  test('are Wilson’s without noise, and wider with it', () => {
    const plain = noisyShareInterval(0.3, { n: 200, classes: 2, noiseStdDev: 0 });
    expect(plain.low).toBeCloseTo(wilson(60, 200).low, 12);
    expect(plain.high).toBeCloseTo(wilson(60, 200).high, 12);
    const wide = noisyShareInterval(0.3, { n: 200, classes: 2, noiseStdDev: 20 });
    expect(wide.low).toBeLessThan(plain.low);
    expect(wide.high).toBeGreaterThan(plain.high);
    expect(noisyShareInterval(0.3, { n: 5, classes: 4, noiseStdDev: 40 })).toMatchObject({ low: 0, high: 1 });
  });

  test.each([
    { share: 0.3, n: 600, epsilon: 0.1, delta: undefined },
    { share: 0.04, n: 400, epsilon: 0.5, delta: undefined },
    { share: 0.5, n: 300, epsilon: 0.3, delta: 1e-6 },
    { share: 0.9, n: 2000, epsilon: 5, delta: undefined },
  ])('cover the population’s share 95 times in 100: share $share of $n, ε $epsilon', ({ share, n, epsilon, delta }) => {
    const stream = openStream(randomKey(7));
    const integers = fixedIntegers(11);
    const rounds = 1500;
    let covered = 0;
    let known = 0;
    for (let round = 0; round < rounds; round++) {
      let x = 0;
      for (let i = 0; i < n; i++) if (stream.uniform() < share) x++;
      const options = { epsilon, to: 'public', integers, ...(delta === undefined ? {} : { delta }) };
      const { interval } = releaseShares({ a: { x, y: n - x } }, options).attributes.a!.x!;
      if (interval === null) continue;
      known++;
      if (interval.low <= share && share <= interval.high) covered++;
    }
    expect(known).toBeGreaterThan(0.9 * rounds);
    // Nominal .95 within five deviations below; Laplace noise is covered a little more.
    expect(covered / known).toBeGreaterThan(0.95 - 5 * Math.sqrt((0.95 * 0.05) / rounds));
    expect(covered / known).toBeLessThan(0.99);
  });
});
