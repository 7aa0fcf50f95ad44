import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { addPacked, packBits, packedBytes } from '../../src/jobs/federated/secure/packing.ts';
import { decodeSum, type Quantiser, quantise, sumBits } from '../../src/jobs/federated/secure/quantise.ts';

const quantiser: Quantiser = { range: 1, levelBits: 16, mostWeight: 1 };
const wordsOf = (seed: number) => {
  const stream = openStream(randomKey(seed));
  return (into: Uint32Array) => {
    for (let i = 0; i < into.length; i++) into[i] = stream.uint32();
  };
};

test('bits of a sum: 23 for 100 clients of 16 bits, and never too few', () => {
  expect(sumBits(quantiser, 100)).toBe(23);
  expect(sumBits({ ...quantiser, mostWeight: 600 }, 100)).toBe(32);
  expect(() => sumBits({ ...quantiser, mostWeight: 1000 }, 100)).toThrow(/need 33 bits, expected at most 32/);
  for (const [n, mostWeight, levelBits] of [
    [4, 1, 8],
    [3, 5, 12],
    [128, 2, 16],
    [7, 255, 16],
  ] as const)
    expect(n * mostWeight * (2 ** levelBits - 1)).toBeLessThan(2 ** sumBits({ range: 1, levelBits, mostWeight }, n));
});

test('at n · range = modulus the largest sum is still exact', () => {
  const bits = sumBits(quantiser, 64);
  expect(2 ** bits).toBe(64 * 2 ** 16);
  const sum = new Uint32Array(3);
  for (let i = 0; i < 64; i++) {
    const { entries } = quantise(Float32Array.of(1, -1), { quantiser, weight: 1, words: wordsOf(i) });
    addPacked(sum, packBits(entries, bits), { bits });
  }
  const { total, weight } = decodeSum(sum, { quantiser, bits, clients: 64 });
  expect([...total]).toEqual([64, -64]);
  expect(weight).toBe(64);
});

test('rounding is unbiased, and bounded by one step', () => {
  const coarse: Quantiser = { range: 1, levelBits: 4, mostWeight: 3 };
  const n = 200_000;
  const x = Float32Array.from({ length: n }, () => 0.3);
  const { entries, cut } = quantise(x, { quantiser: coarse, weight: 3, words: wordsOf(1) });
  const { total } = decodeSum(entries, { quantiser: coarse, bits: 8, clients: 1 });
  const mean = total.reduce((sum, value) => sum + value / 3, 0) / n;
  const step = 2 / 15;
  // Five standard deviations of the mean: false alarm 6e-7.
  expect(Math.abs(mean - 0.3)).toBeLessThan((5 * step) / 2 / Math.sqrt(n));
  expect(Math.max(...total.subarray(0, 100).map(value => Math.abs(value / 3 - 0.3)))).toBeLessThan(step);
  expect(cut).toBe(0);
});

describe('bad input', () => {
  const weigh = (values: number[], weight = 1, q = quantiser) =>
    quantise(Float32Array.from(values), { quantiser: q, weight, words: wordsOf(2) });
  test('NaN and infinities are named by their place', () => {
    expect(() => weigh([0, Number.NaN])).toThrow('update: entry 1 is NaN, expected a finite number');
    expect(() => weigh([Number.POSITIVE_INFINITY])).toThrow(/entry 0 is Infinity/);
    expect(() => weigh([0, 0, Number.NEGATIVE_INFINITY])).toThrow(/entry 2 is -Infinity/);
  });
  test('weights out of bounds are refused', () => {
    for (const weight of [0, -1, 1.5, 2, 1e300, Number.NaN])
      expect(() => weigh([0], weight)).toThrow(/"weight" expected a whole number from 1 to 1/);
  });
  test('values beyond the range are cut and counted', () => {
    const { entries, cut } = weigh([5, -5, 0.5]);
    expect(cut).toBe(2);
    expect([entries[0], entries[1]]).toEqual([65_535, 0]);
  });
  test('a sum of weights that cannot be is refused', () => {
    expect(() => decodeSum(Uint32Array.of(5, 9), { quantiser, bits: 20, clients: 3 })).toThrow(
      /the weights of 3 clients cannot come to 9/,
    );
  });
});

test('packing and adding up give back every number, at every width', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 32 }), fc.array(fc.nat(2 ** 32 - 1), { maxLength: 70 }), (bits, values) => {
      const entries = Uint32Array.from(values, value => value % 2 ** bits);
      const packed = packBits(entries, bits);
      expect(packed.length).toBe(packedBytes(entries.length, bits));
      // Unaligned, as it lies in a message.
      const message = new Uint8Array(packed.length + 3);
      message.set(packed, 3);
      const sum = new Uint32Array(entries.length);
      addPacked(sum, message.subarray(3), { bits });
      expect(sum).toEqual(entries);
    }),
    { numRuns: 300 },
  );
  expect(() => addPacked(new Uint32Array(4), new Uint8Array(12), { bits: 8 })).toThrow(
    /expected 4 bytes for 4 entries of 8 bits/,
  );
});
