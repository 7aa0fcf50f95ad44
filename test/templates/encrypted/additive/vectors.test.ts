import { expect, test } from 'vitest';
import {
  freshErrors,
  publicPolynomial,
  secretPolynomial,
} from '../../../../src/jobs/templates/encrypted/additive/expand.ts';
import { multiply, transform } from '../../../../src/jobs/templates/encrypted/additive/ring.ts';

// From vectors.py, which multiplies polynomials the long way; they stand in docs/encrypted.md too.
const MASTER = Uint8Array.from({ length: 32 }, (_, i) => i);
const SEED = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);

test('polynomials and pads are those of a second implementation', async () => {
  const secret = await secretPolynomial(MASTER, 3);
  expect([...(await publicPolynomial(SEED, 0)).subarray(0, 4)]).toEqual([
    -1136924940, 1355222350, 884769288, -1706850091,
  ]);
  expect([...secret.subarray(0, 16)]).toEqual([1, 1, 0, -1, 0, -1, -1, 1, 0, 0, 1, 1, 1, 0, 1, 0]);
  expect(secret.reduce((sum, value) => sum + value, 0)).toBe(-74);
  const pads = await Promise.all(
    [0, 1, 2, 3].map(async j => multiply(transform(await publicPolynomial(SEED, j)), transform(secret))[5]),
  );
  expect(pads).toEqual([1420407707, -2019529802, 1911699224, 915751894]);
});

test('errors are centred binomial of 21 pairs of bits', () => {
  const errors = freshErrors(200_000);
  const mean = errors.reduce((sum, value) => sum + value, 0) / errors.length;
  const variance = errors.reduce((sum, value) => sum + value ** 2, 0) / errors.length;
  // Five standard deviations: false alarms once in a million runs each. The variance of a square is 2·10.5² − 10.5·(…), below 221.
  expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(10.5 / 200_000));
  expect(Math.abs(variance - 10.5)).toBeLessThan(5 * Math.sqrt(221 / 200_000));
  expect(Math.max(...errors.subarray(0, 50_000))).toBeLessThanOrEqual(21);
  expect([...freshErrors(2, words => words.set([2 ** 32 - 1, 0, 0, 2 ** 32 - 1]))]).toEqual([21, -21]);
});
