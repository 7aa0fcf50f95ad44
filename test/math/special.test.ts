import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inverseBetaLower, inverseBetaUpper, regularisedBeta } from '../../src/ground/math/beta.ts';
import {
  chiSquareSurvival,
  chiSquareUpperQuantile,
  erf,
  erfc,
  fSurvival,
  normalCdf,
  normalQuantile,
  normalSurvival,
  studentQuantile,
  studentSurvival,
} from '../../src/ground/math/distributions.ts';
import { inverseGammaLower, inverseGammaUpper, logGamma, regularisedGamma } from '../../src/ground/math/gamma.ts';

// Made by fixtures/special.py with mpmath.
const rows = z.array(z.array(z.union([z.number(), z.string().transform(Number)])));
const reference = z
  .object({ logGamma: rows, gamma: rows, beta: rows, erf: rows, chiSquare: rows, student: rows, f: rows })
  .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/special.json'), 'utf8')));

function relativeError(actual: number, expected: number): number {
  return actual === expected ? 0 : Math.abs(actual / expected - 1);
}

/** The first row beyond the bound, so that a failure names it. */
function worstOf(found: readonly { readonly error: number; readonly at: readonly number[] }[], bound: number) {
  expect(found.length).toBeGreaterThan(3);
  return found.filter(({ error }) => !(error <= bound));
}

/** Below this a double loses digits of its own. */
const SMALLEST = 1e-300;

describe('against mpmath', () => {
  test('logGamma to 1e-15, next to its zeros too', () => {
    const found = reference.logGamma.map(at => ({ error: relativeError(logGamma(at[0]!), at[1]!), at }));
    expect(worstOf(found, 1e-15)).toEqual([]);
  });

  test('both tails of the incomplete gamma function to 5e-13, a = 1e-3 … 1e5, down to 1e-300', () => {
    const found = reference.gamma.flatMap(at => {
      const [a, x, p, q] = at as [number, number, number, number];
      const tails = regularisedGamma(a, x);
      return [
        { error: p < SMALLEST ? 0 : relativeError(tails.lower, p), at },
        { error: q < SMALLEST ? 0 : relativeError(tails.upper, q), at },
      ];
    });
    expect(worstOf(found, 5e-13)).toEqual([]);
  });

  test('both tails of the incomplete beta function to 1e-12, a and b = 1e-3 … 1e5, down to 1e-300', () => {
    const found = reference.beta.flatMap(at => {
      const [x, a, b, p, q] = at as [number, number, number, number, number];
      const tails = regularisedBeta(x, a, b);
      // With a shape of 1e-3 the larger tail is so flat that its complement costs one digit more.
      const scale = Math.min(a, b) < 0.01 ? 0.1 : 1;
      return [
        { error: p < SMALLEST ? 0 : relativeError(tails.lower, p) * scale, at },
        { error: q < SMALLEST ? 0 : relativeError(tails.upper, q) * scale, at },
      ];
    });
    expect(worstOf(found, 1e-12)).toEqual([]);
  });

  test('the inverses lead back to where the tail came from, to the conditioning of the problem', () => {
    const gamma = reference.gamma.flatMap(at => {
      const [a, x, p, q] = at as [number, number, number, number];
      if (Math.min(p, q) < SMALLEST) return [];
      const inverse = p <= 0.5 ? inverseGammaLower(a, p) : inverseGammaUpper(a, q);
      return [{ error: relativeError(inverse, x), at }];
    });
    expect(worstOf(gamma, 1e-12)).toEqual([]);
    const beta = reference.beta.flatMap(at => {
      const [x, a, b, p, q] = at as [number, number, number, number, number];
      if (Math.min(p, q) < SMALLEST || Math.min(a, b) < 0.01) return [];
      const inverse = p <= 0.5 ? inverseBetaLower(p, a, b) : inverseBetaUpper(q, a, b);
      return [{ error: relativeError(inverse, x), at }];
    });
    expect(worstOf(beta, 1e-12)).toEqual([]);
  });

  test('erf, erfc and the normal tails to 5e-13', () => {
    const found = reference.erf.flatMap(at => {
      const [x, e, c, survival] = at as [number, number, number, number];
      return [
        { error: relativeError(erf(x), e), at },
        { error: relativeError(erfc(x), c), at },
        { error: relativeError(normalSurvival(x), survival), at },
        { error: relativeError(normalCdf(-x), survival), at },
      ];
    });
    expect(worstOf(found, 5e-13)).toEqual([]);
  });

  test('chi-square, Student and F tails to 1e-12', () => {
    const found = [
      ...reference.chiSquare.map(at => ({ error: relativeError(chiSquareSurvival(at[0]!, at[1]!), at[2]!), at })),
      ...reference.student.map(at => ({ error: relativeError(studentSurvival(at[0]!, at[1]!), at[2]!), at })),
      ...reference.f.map(at => ({ error: relativeError(fSurvival(at[0]!, at[1]!, at[2]!), at[3]!), at })),
    ];
    expect(worstOf(found, 1e-12)).toEqual([]);
  });
});

describe('properties', () => {
  const shape = fc.double({ min: 0.02, max: 5e3, noNaN: true });
  const probability = fc.double({ min: 1e-12, max: 1, maxExcluded: true, noNaN: true });

  test('a quantile has its probability below it', () => {
    fc.assert(
      fc.property(shape, shape, probability, (a, b, p) => {
        const g = inverseGammaLower(a, p);
        if (g > 1e-290) expect(Math.abs(regularisedGamma(a, g).lower - p)).toBeLessThan(1e-11 * p);
        const x = inverseBetaLower(p, a, b);
        // Next to 1 the doubles are too far apart to hit the probability.
        if (x > 1e-290 && x < 0.999) expect(Math.abs(regularisedBeta(x, a, b).lower - p)).toBeLessThan(1e-10 * p);
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  test('the tails sum to 1 and mirror each other', () => {
    fc.assert(
      // Multiples of 2⁻²⁰, whose complements are exact.
      fc.property(shape, shape, fc.integer({ min: 0, max: 2 ** 20 }), (a, b, k) => {
        const x = k / 2 ** 20;
        const { lower, upper } = regularisedBeta(x, a, b);
        expect(Math.abs(lower + upper - 1)).toBeLessThan(1e-12);
        const mirrored = regularisedBeta(1 - x, b, a);
        expect(Math.abs(mirrored.upper - lower)).toBeLessThan(1e-12);
      }),
      { seed: 2, numRuns: 400 },
    );
  });

  test('quantiles of Student, chi-square and the normal invert their tails', () => {
    fc.assert(
      fc.property(probability, fc.double({ min: 0.3, max: 1e4, noNaN: true }), (p, degrees) => {
        expect(Math.abs(studentSurvival(-studentQuantile(p, degrees), degrees) / p - 1)).toBeLessThan(1e-10);
        expect(Math.abs(normalCdf(normalQuantile(p)) / p - 1)).toBeLessThan(1e-12);
        expect(Math.abs(chiSquareSurvival(chiSquareUpperQuantile(p, degrees), degrees) / p - 1)).toBeLessThan(1e-11);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

test('edges', () => {
  expect(regularisedGamma(2, 0)).toEqual({ lower: 0, upper: 1 });
  expect(regularisedGamma(2, Number.POSITIVE_INFINITY)).toEqual({ lower: 1, upper: 0 });
  expect(regularisedBeta(0, 2, 3)).toEqual({ lower: 0, upper: 1 });
  expect(regularisedBeta(1, 2, 3)).toEqual({ lower: 1, upper: 0 });
  expect(inverseBetaLower(0, 2, 3)).toBe(0);
  expect(inverseBetaLower(1, 2, 3)).toBe(1);
  expect(inverseGammaUpper(3, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(inverseGammaUpper(3, 1)).toBe(0);
  expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
  expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
  expect(studentQuantile(0.5, 4)).toBeCloseTo(0, 15);
  expect(studentQuantile(0.25, 1)).toBeCloseTo(-1, 14);
  expect(chiSquareSurvival(-1, 3)).toBe(1);
  expect(fSurvival(0, 1, 1)).toBe(1);
  expect(erf(0)).toBe(0);
  expect(() => logGamma(0)).toThrow('"x" expected a positive number, got 0');
  expect(() => regularisedGamma(-1, 1)).toThrow('"a"');
  expect(() => regularisedBeta(1.1, 1, 1)).toThrow('"x" expected a probability');
  expect(() => erf(Number.NaN)).toThrow('"x" expected a number, got NaN');
});
