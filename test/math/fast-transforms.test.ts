import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { erfc, fastErfc, fourierTransform, logErfc, logNormalCdf, normalCdf } from '../../src/ground/math/index.ts';

// Made by fixtures/special.py with mpmath.
const reference = z
  .object({ erf: z.array(z.array(z.union([z.number(), z.string().transform(Number)]))) })
  .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/special.json'), 'utf8')));

test('the quick erfc and its logarithm against mpmath and the incomplete gamma function', () => {
  for (const [x, , complement] of reference.erf as [number, number, number][]) {
    if (complement < 1e-300) continue;
    expect(Math.abs(fastErfc(x) / complement - 1), `erfc(${x})`).toBeLessThan(1e-14);
  }
  fc.assert(
    fc.property(fc.double({ min: -6, max: 25, noNaN: true }), x => {
      expect(Math.abs(fastErfc(x) / erfc(x) - 1)).toBeLessThan(1e-12);
      expect(Math.abs(logErfc(x) - Math.log(erfc(x)))).toBeLessThan(1e-12 * Math.max(1, x * x));
    }),
    { seed: 1 },
  );
  // mpmath 1.4.1: mp.dps = 30; log(erfc(100)).
  expect(logErfc(100)).toBeCloseTo(-10005.177585122665, 8);
  expect(logNormalCdf(1.3)).toBeCloseTo(Math.log(normalCdf(1.3)), 13);
  expect([fastErfc(Number.POSITIVE_INFINITY), fastErfc(Number.NEGATIVE_INFINITY)]).toEqual([0, 2]);
  expect(logErfc(Number.POSITIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
  expect(() => logErfc(Number.NaN)).toThrow('"x"');
});

test('the Fourier transform is the sum that it stands for, and back', () => {
  const n = 16;
  const signal = Array.from({ length: n }, (_, i) => [Math.sin(i * i), Math.cos(3 * i + 1)] as const);
  const real = Float64Array.from(signal, ([re]) => re);
  const imaginary = Float64Array.from(signal, ([, im]) => im);
  fourierTransform(real, imaginary);
  for (let k = 0; k < n; k++) {
    const sum = { re: 0, im: 0 };
    signal.forEach(([re, im], j) => {
      const angle = (-2 * Math.PI * j * k) / n;
      sum.re += re * Math.cos(angle) - im * Math.sin(angle);
      sum.im += re * Math.sin(angle) + im * Math.cos(angle);
    });
    expect(real[k]).toBeCloseTo(sum.re, 12);
    expect(imaginary[k]).toBeCloseTo(sum.im, 12);
  }
  fourierTransform(real, imaginary, { inverse: true });
  signal.forEach(([re, im], i) => {
    expect(real[i]).toBeCloseTo(re, 14);
    expect(imaginary[i]).toBeCloseTo(im, 14);
  });
  const one = [Float64Array.of(3), Float64Array.of(4)] as const;
  fourierTransform(...one);
  expect(one.map(([value]) => value)).toEqual([3, 4]);
  expect(() => fourierTransform(new Float64Array(3), new Float64Array(3))).toThrow('a power of two');
});
