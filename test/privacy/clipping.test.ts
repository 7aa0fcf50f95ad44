import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clipJointly,
  jointNorm,
  leastEpsilon,
  nextClippingBound,
  openDiscreteGaussian,
  privacyEvent,
  quantileVote,
  samplePoisson,
  spentOf,
  updateNoiseBesideVotes,
} from '../../src/kit/privacy/index.ts';
import { fixedIntegers } from './vectors.ts';

describe('clipping', () => {
  test('takes all tensors as one vector, and keeps their direction', () => {
    const tensors = [Float32Array.of(3, 0), Float32Array.of(4)];
    expect(clipJointly(tensors, 1)).toMatchObject({ norm: 5 });
    expect(tensors[0]![0]).toBeCloseTo(0.6, 6);
    expect(tensors[1]![0]).toBeCloseTo(0.8, 6);
    const short = [Float32Array.of(0.3, 0.4)];
    expect(clipJointly(short, 1)).toEqual({ norm: jointNorm(short), scale: 1 });
    expect([...short[0]!]).toEqual([...Float32Array.of(0.3, 0.4)]);
  });

  test('never leaves a norm above the bound, as float32 rounds it', () => {
    const numbers = fc.float32Array({
      minLength: 1,
      maxLength: 40,
      noNaN: true,
      noDefaultInfinity: true,
      min: -1e6,
      max: 1e6,
    });
    fc.assert(
      fc.property(
        fc.array(numbers, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        (tensors, bound) => {
          clipJointly(tensors, bound);
          expect(jointNorm(tensors)).toBeLessThanOrEqual(bound);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  test('refuses what is not finite, which would pass a comparison', () => {
    expect(() => clipJointly([Float32Array.of(1), Float32Array.of(Number.NaN)], 1)).toThrow(
      'tensor 1 holds a number that is not finite',
    );
    expect(() => clipJointly([Float32Array.of(Number.POSITIVE_INFINITY)], 1)).toThrow('tensor 0');
    expect(() => clipJointly([Float32Array.of(1)], 0)).toThrow('"bound"');
  });
});

describe('a clipping bound that follows a quantile', () => {
  test('finds the median of the norms through noise', () => {
    const sample = openDiscreteGaussian(100, fixedIntegers(6));
    // Norms 1 … 200: the median is 100. Votes in halves, so that noise of 10 half votes is 5 votes.
    const norms = Array.from({ length: 200 }, (_, i) => i + 1);
    let bound = 0.1;
    for (let round = 0; round < 120; round++) {
      const halves = norms.reduce((sum, norm) => sum + 2 * quantileVote(norm, bound), 0);
      bound = nextClippingBound(bound, { noisyVotes: (halves + sample()) / 2, members: 200 });
    }
    expect(bound).toBeGreaterThan(90);
    expect(bound).toBeLessThan(110);
  });

  test('moves by e^η at most, whatever the noise does', () => {
    expect(nextClippingBound(1, { noisyVotes: -1e9, members: 10 }, { learningRate: 0.2 })).toBeCloseTo(
      Math.exp(0.1),
      12,
    );
    expect(nextClippingBound(1, { noisyVotes: 1e9, members: 10 }, { quantile: 0.9, learningRate: 0.2 })).toBeCloseTo(
      Math.exp(-0.02),
      12,
    );
    expect(() => nextClippingBound(1, { noisyVotes: Number.NaN, members: 10 })).toThrow('"noisyVotes"');
    expect(() => nextClippingBound(1, { noisyVotes: 0, members: 10 }, { quantile: 1 })).toThrow('"quantile"');
  });

  test('its votes and the updates together cost what the round was to cost', () => {
    const common = { mechanism: 'gaussian', unit: 'client', to: 'server' } as const;
    const votes = privacyEvent({
      ...common,
      purpose: 'clipping-quantile',
      released: 'votes',
      noiseStdDev: 5,
      sensitivity: 0.5,
    });
    const update = privacyEvent({
      ...common,
      purpose: 'update',
      released: 'sum',
      noiseStdDev: updateNoiseBesideVotes(1.1, 5),
      sensitivity: 1,
    });
    const whole = privacyEvent({ ...common, purpose: 'update', released: 'sum', noiseStdDev: 1.1, sensitivity: 1 });
    const cost = (...events: (typeof whole)[]) => leastEpsilon(spentOf(events, { delta: 1e-6 }));
    expect(cost(votes, update) / cost(whole)).toBeCloseTo(1, 3);
    // Andrew et al. 2021: the votes are cheap, the noise of the updates grows by less than 1 %.
    expect(updateNoiseBesideVotes(1.1, 5)).toBeLessThan(1.11);
    expect(() => updateNoiseBesideVotes(10, 4)).toThrow('"votesStdDev"');
  });
});

test('a Poisson sample takes each member with its probability, by itself', () => {
  const integers = fixedIntegers(8);
  const counts = new Float64Array(50);
  let squares = 0;
  const rounds = 4000;
  for (let round = 0; round < rounds; round++) {
    const sample = samplePoisson(50, 0.1, integers);
    squares += (sample.length - 5) ** 2;
    for (const member of sample) counts[member] = counts[member]! + 1;
  }
  // Five deviations of each count; the size varies as a binomial does (4.5), and not as a fixed batch (0).
  for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(5 * Math.sqrt(360));
  expect(Math.abs(squares / rounds - 4.5)).toBeLessThan(0.6);
  expect(samplePoisson(5, 1, integers)).toEqual([0, 1, 2, 3, 4]);
  expect(samplePoisson(0, 0.5, integers)).toEqual([]);
  expect(() => samplePoisson(5, 0, integers)).toThrow('"samplingRate"');
});
