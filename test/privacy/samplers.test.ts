import { describe, expect, test } from 'vitest';
import { chiSquareSurvival } from '../../src/ground/math/index.ts';
import { bernoulliExp, bernoulliExpLarge } from '../../src/kit/privacy/bernoulli.ts';
import { fractionOf } from '../../src/kit/privacy/fraction.ts';
import {
  addDiscreteGaussian,
  fromLattice,
  type IntegerSampler,
  latticeSensitivity,
  openDiscreteGaussian,
  openDiscreteLaplace,
  RandomIntegers,
  stochasticRoundingNorm,
  toLattice,
} from '../../src/kit/privacy/index.ts';
import { fixedBytes, fixedIntegers } from './vectors.ts';

/**
 * The p-value of χ² of draws against log weights on whole numbers; tails with fewer than 10 expected draws are one cell each. The bytes are
 * fixed; with others a right sampler would fail each check with probability 1e-4.
 */
function pValue(sample: IntegerSampler, logWeight: (x: number) => number, n: number): number {
  const reach = 4000;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(logWeight(i - reach)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let from = 0;
  let to = 2 * reach;
  for (let mass = (n * weights[from]!) / total; mass < 10; mass += (n * weights[from]!) / total) from++;
  for (let mass = (n * weights[to]!) / total; mass < 10; mass += (n * weights[to]!) / total) to--;
  const cellOf = (x: number): number => Math.max(from, Math.min(to, x + reach)) - from;
  const expected = new Float64Array(to - from + 1);
  weights.forEach((weight, i) => {
    const cell = cellOf(i - reach);
    expected[cell] = expected[cell]! + (n * weight) / total;
  });
  const counts = new Float64Array(expected.length);
  for (let i = 0; i < n; i++) {
    const cell = cellOf(sample());
    counts[cell] = counts[cell]! + 1;
  }
  const statistic = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
  return chiSquareSurvival(statistic, expected.length - 1);
}

describe('uniform whole numbers', () => {
  test.each([3, 7, 10, 100])('below %d', bound => {
    const integers = fixedIntegers(bound);
    const counts = new Float64Array(bound);
    const n = 2000 * bound;
    for (let i = 0; i < n; i++) counts[integers.below(bound)]!++;
    const statistic = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquareSurvival(statistic, bound - 1)).toBeGreaterThan(1e-4);
  });

  test('large bounds: both halves of the range are as likely, small and large paths stay below', () => {
    for (const bound of [2 ** 32, 2 ** 32 + 1, 2 ** 40 + 12345, 2 ** 53]) {
      const integers = fixedIntegers(9);
      let low = 0;
      for (let i = 0; i < 4000; i++) {
        const value = integers.below(bound);
        expect(value).toBeLessThan(bound);
        if (value < bound / 2) low++;
      }
      // Five deviations.
      expect(Math.abs(low - 2000)).toBeLessThan(5 * Math.sqrt(1000));
    }
    const large = fixedIntegers(4);
    for (let i = 0; i < 100; i++) expect(large.belowLarge(3n * 10n ** 30n)).toBeLessThan(3n * 10n ** 30n);
    expect(() => large.below(0)).toThrow('"bound"');
    expect(() => large.below(2.5)).toThrow('"bound"');
  });

  test('come from the cryptographic generator where no bytes are passed in, and never twice the same', () => {
    const first = Array.from({ length: 8 }, () => new RandomIntegers().word());
    expect(new Set(first).size).toBe(8);
    const source = Math.random;
    Math.random = () => {
      throw new Error('Math.random was called');
    };
    try {
      openDiscreteGaussian(20)();
      openDiscreteLaplace(3)();
    } finally {
      Math.random = source;
    }
  });
});

describe('events of probability exp(−γ)', () => {
  test.each([
    [0, 1],
    [1, 3],
    [1, 1],
    [7, 3],
    [1, 1000],
  ])('γ = %d/%d, in doubles and in large whole numbers', (numerator, denominator) => {
    const n = 40_000;
    const expected = Math.exp(-numerator / denominator);
    const integers = fixedIntegers(1);
    let [small, large] = [0, 0];
    for (let i = 0; i < n; i++) {
      if (bernoulliExp(numerator, denominator, integers)) small++;
      if (i < n / 4 && bernoulliExpLarge(BigInt(numerator), BigInt(denominator), integers)) large++;
    }
    // Five deviations, and none where the event is certain.
    const bound = 5 * Math.sqrt(n * expected * (1 - expected));
    expect(Math.abs(small - n * expected)).toBeLessThanOrEqual(bound);
    expect(Math.abs(large - (n / 4) * expected)).toBeLessThanOrEqual(bound / 2);
  });
});

describe('the discrete Laplace distribution', () => {
  // 0.7 is a fraction over 2⁵³: the path of large whole numbers.
  test.each([0.5, 0.7, 2.75, 20])('of scale %d', scale => {
    const n = scale === 0.7 ? 5000 : 30_000;
    expect(pValue(openDiscreteLaplace(scale, fixedIntegers(7)), x => -Math.abs(x) / scale, n)).toBeGreaterThan(1e-4);
  });

  test('is not the one of a scale 5 % off', () => {
    expect(pValue(openDiscreteLaplace(21, fixedIntegers(7)), x => -Math.abs(x) / 20, 40_000)).toBeLessThan(1e-6);
  });
});

describe('the discrete Gaussian distribution', () => {
  test.each([0.25, 1, 7.5, 400, 1.21])('of variance %d', variance => {
    const n = variance === 1.21 ? 5000 : 30_000;
    const sample = openDiscreteGaussian(variance, fixedIntegers(3));
    expect(pValue(sample, x => (-x * x) / (2 * variance), n)).toBeGreaterThan(1e-4);
  });

  test('is not the one of a variance 8 % off, at either width', () => {
    const density = (x: number) => (-x * x) / 800;
    expect(pValue(openDiscreteGaussian(432, fixedIntegers(3)), density, 40_000)).toBeLessThan(1e-6);
    expect(pValue(openDiscreteGaussian(0.27, fixedIntegers(3)), x => -2 * x * x, 40_000)).toBeLessThan(1e-6);
  });

  test('the same bytes give the same noise, and large variances are not cut off', () => {
    const draw = (variance: number) => Array.from({ length: 20 }, openDiscreteGaussian(variance, fixedIntegers(5)));
    expect(draw(9)).toEqual(draw(9));
    const wide = draw(2 ** 70);
    const deviation = Math.sqrt(wide.reduce((sum, x) => sum + x * x, 0) / wide.length);
    expect(deviation / 2 ** 35).toBeGreaterThan(0.5);
    expect(deviation / 2 ** 35).toBeLessThan(1.6);
    expect(() => openDiscreteGaussian(0)).toThrow('"variance"');
    expect(() => openDiscreteGaussian(Number.NaN)).toThrow('"variance"');
    expect(() => openDiscreteLaplace(-1)).toThrow('"scale"');
  });

  test('is added to whole numbers that have room for it', () => {
    const values = new Int32Array(4000);
    addDiscreteGaussian(values, 100, fixedIntegers(2));
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan((5 * 10) / Math.sqrt(4000));
    expect(() => addDiscreteGaussian(new Int32Array(20).fill(2 ** 31 - 1), 4, fixedIntegers(1))).toThrow(
      'room for the noise',
    );
    expect(() => addDiscreteGaussian(Float64Array.of(0.5), 4, fixedIntegers(1))).toThrow('whole numbers');
  });
});

describe('rounding to a lattice', () => {
  test('is exact, both ways', () => {
    expect([...toLattice([0.3, -0.3, 1, 0.124999], { exponent: -2 })]).toEqual([1, -1, 4, 0]);
    expect([...fromLattice([3, -5], { exponent: -2 })]).toEqual([0.75, -1.25]);
    expect(() => toLattice([Number.NaN], { exponent: 0 })).toThrow('NaN at index 0');
    expect(() => toLattice([1e300], { exponent: 0 })).toThrow('at index 0');
    expect(() => toLattice([1], { exponent: 0.5 })).toThrow('"exponent"');
  });

  test('enlarges the sensitivity by what it can move, and that is reached', () => {
    // One coordinate, step 1: the sum with the member rounds up, that without it down.
    expect(latticeSensitivity({ sensitivity: 0.2, dimension: 1, rounded: 'result' }, { exponent: 0 })).toBe(1.2);
    const [without, withMember] = [toLattice([0.499], { exponent: 0 }), toLattice([0.499 + 0.2], { exponent: 0 })];
    expect(withMember[0]! - without[0]!).toBe(1);
    const own = latticeSensitivity({ sensitivity: 3, dimension: 100, rounded: 'contribution' }, { exponent: -1 });
    expect(own).toBe(6 + 5);
    const member = toLattice(Array(100).fill(0.2501), { exponent: -1 });
    expect(Math.hypot(...member)).toBeLessThanOrEqual(
      latticeSensitivity({ sensitivity: 2.501, dimension: 100, rounded: 'contribution' }, { exponent: -1 }),
    );
    expect(Math.hypot(...member)).toBeGreaterThan(9);
  });

  test('stochastic rounding: the likelier bound where it is smaller (facts of Kairouz, Liu and Steinke, proposition 22)', () => {
    const beta = Math.exp(-0.5);
    // √(100 + 400/4 + 1·(10 + 10)) = √220; 10 + 20 would be 30.
    expect(stochasticRoundingNorm(10, { dimension: 400, beta })).toBeCloseTo(Math.sqrt(220), 12);
    expect(stochasticRoundingNorm(1, { dimension: 1, beta: 1e-300 })).toBe(2);
  });
});

test('a double is a fraction, exactly', () => {
  expect(fractionOf(2.75)).toEqual({ numerator: 11n, denominator: 4n });
  const { numerator, denominator } = fractionOf(0.1);
  expect(Number(numerator) / Number(denominator)).toBe(0.1);
  expect(fractionOf(5e-324).numerator).toBe(1n);
  expect(() => fractionOf(0)).toThrow('positive');
});

test('bytes are taken as they come, and used ones are forgotten', () => {
  const integers = new RandomIntegers(fixedBytes(1));
  const reference = new Uint8Array(16);
  fixedBytes(1)(reference);
  expect([integers.word(), integers.word()]).toEqual([...new Uint32Array(reference.buffer).subarray(0, 2)]);
});
