import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  decodeNoisy,
  makeNoisy,
  planLattice,
  roundedNorm,
  signed,
} from '../../src/jobs/federated/private/lattice-update.ts';
import { paddedLength, rotate, rotateBack } from '../../src/jobs/federated/private/rotation.ts';
import { addPacked, packBits } from '../../src/jobs/federated/secure/packing.ts';
import { RandomIntegers } from '../../src/kit/privacy/index.ts';

const rotation = randomKey(9);
const wordsOf = (seed: number) => {
  const stream = openStream(randomKey(seed));
  return (into: Uint32Array) => {
    for (let i = 0; i < into.length; i++) into[i] = stream.uint32();
  };
};
/** Reproducible, for tests alone. */
const integersOf = (seed: number) => {
  const words = wordsOf(seed);
  return new RandomIntegers(target => words(new Uint32Array(target.buffer, target.byteOffset, target.length / 4)));
};

test('the rotation keeps lengths, spreads a spike, and is undone', () => {
  const vector = new Float64Array(1024);
  vector[17] = 3;
  const spread = vector.slice();
  rotate(spread, rotation);
  expect(Math.max(...spread.map(Math.abs))).toBeCloseTo(3 / 32, 12);
  expect(Math.hypot(...spread)).toBeCloseTo(3, 10);
  rotateBack(spread, rotation);
  for (let i = 0; i < 1024; i++) expect(spread[i]).toBeCloseTo(vector[i]!, 12);
  expect(() => rotate(new Float64Array(3), rotation)).toThrow(/a power of two/);
  expect([1, 2, 3, 1000, 1024].map(paddedLength)).toEqual([2, 2, 4, 1024, 1024]);
});

test('the bound on a rounded norm is that of Kairouz, Liu and Steinke, equation 3', () => {
  // min(c + √d, √(c² + d/4 + √(2·ln(1/β))·(c + √d/2))), β = e^−½, by hand.
  expect(roundedNorm(100, 64)).toBeCloseTo(Math.sqrt(10_000 + 16 + 104), 10);
  expect(roundedNorm(0.1, 4)).toBeCloseTo(Math.sqrt(0.01 + 1 + 1.1), 10);
});

describe('the lattice of a round', () => {
  const lattice = planLattice({ size: 300, clip: 0.5, noiseMultiplier: 0.8, fewest: 8, most: 12 });

  test('gives noise of so many sensitivities in the smallest sum, one client’s part left out', () => {
    expect((lattice.noiseStdDev * Math.sqrt(8)) / lattice.sensitivity).toBeCloseTo(0.8, 10);
    expect(roundedNorm(lattice.clip / lattice.step, lattice.padded)).toBeLessThanOrEqual(lattice.sensitivity);
    expect(2 ** lattice.bits).toBeGreaterThan(2 * 12 * lattice.most + 24 * lattice.noiseStdDev * Math.sqrt(12));
  });

  test('sums come back with the mean of the updates and the noise that was planned', () => {
    const update = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i) / 30);
    const norm = Math.hypot(...update);
    const sum = new Uint32Array(lattice.padded);
    const clients = 10;
    for (let i = 0; i < clients; i++) {
      const noisy = makeNoisy(update, { lattice, rotation, words: wordsOf(i), integers: integersOf(100 + i) });
      addPacked(sum, packBits(noisy, lattice.bits), { bits: lattice.bits });
    }
    const total = decodeNoisy(sum, { lattice, rotation });
    expect(total).toHaveLength(300);
    const errors = total.map((value, i) => value - clients * update[i]! * Math.min(1, 0.5 / norm));
    const deviation = Math.hypot(...errors) / Math.sqrt(300);
    const planned = lattice.noiseStdDev * Math.sqrt(clients) * lattice.step;
    // Of 300 normal errors the deviation is within 20 % of the true one but with probability 1e-6.
    expect(deviation / planned).toBeGreaterThan(0.8);
    expect(deviation / planned).toBeLessThan(1.2);
  });

  test('one client changes the rounded sum by the sensitivity at most, whatever it sends', () => {
    const stream = openStream(randomKey(1));
    const silent = { ...lattice, noiseStdDev: 1e-6 };
    for (let trial = 0; trial < 20; trial++) {
      const size = 10 ** (3 * stream.uniform());
      const update = Float32Array.from({ length: 300 }, () => size * stream.normal() ** 3);
      // A variance so small that the noise is 0: what is left is the rounded vector.
      const entries = makeNoisy(update, {
        lattice: silent,
        rotation,
        words: wordsOf(trial),
        integers: integersOf(trial),
      });
      const norm = Math.hypot(...Array.from(entries, value => signed(value, lattice.bits)));
      expect(norm).toBeLessThanOrEqual(lattice.sensitivity);
      expect(norm).toBeGreaterThan(0.5 * lattice.sensitivity);
    }
  });

  test('bad input is refused', () => {
    const update = new Float32Array(300).fill(Number.NaN);
    expect(() => makeNoisy(update, { lattice, rotation, words: wordsOf(1), integers: integersOf(1) })).toThrow(
      /not finite/,
    );
    const zero = makeNoisy(new Float32Array(300), { lattice, rotation, words: wordsOf(1), integers: integersOf(1) });
    expect(zero).toHaveLength(lattice.padded);
    expect(() => planLattice({ size: 3, clip: 1, noiseMultiplier: 1, fewest: 0, most: 1 })).toThrow(/another client/);
  });
});
