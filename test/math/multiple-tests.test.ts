import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalSurvival } from '../../src/ground/math/distributions.ts';
import { benjaminiHochberg } from '../../src/ground/math/multiple-tests.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';

describe('Benjamini-Hochberg', () => {
  test('agrees with statsmodels, ties and order kept', () => {
    // statsmodels 0.15: multipletests([.01, .04, .03, .005, .04, .9, 1, 0, .2, .03], method='fdr_bh')[1]
    const found = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.04, 0.9, 1, 0, 0.2, 0.03]);
    const tied = 0.05714285714285715;
    const expected = [1 / 30, tied, tied, 0.025, tied, 1, 1, 0, 0.25, tied];
    found.forEach((q, i) => {
      expect(q).toBeCloseTo(expected[i]!, 14);
    });
  });

  test('properties: between p and 1, monotone in p, any order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), pValues => {
        const qValues = benjaminiHochberg(pValues);
        pValues.forEach((p, i) => {
          expect(qValues[i]).toBeGreaterThanOrEqual(p);
          expect(qValues[i]).toBeLessThanOrEqual(1);
          pValues.forEach((other, j) => {
            if (p <= other) expect(qValues[i]).toBeLessThanOrEqual(qValues[j]!);
          });
        });
        expect(benjaminiHochberg([...pValues].reverse()).reverse()).toEqual(qValues);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  test('no p-values, and wrong ones', () => {
    expect(benjaminiHochberg([])).toEqual([]);
    expect(benjaminiHochberg(Float32Array.of(0.5))).toEqual([0.5]);
    expect(() => benjaminiHochberg([0.1, Number.NaN])).toThrow('"pValues[1]" expected a probability');
    expect(() => benjaminiHochberg([1.1])).toThrow('"pValues[0]"');
  });

  test('controls false discoveries: 2,000 families of 50 tests, 35 of them null, fixed seed', () => {
    // Under independence the false discovery rate is exactly α·35/50 = 0.14 at α = 0.2. The share of one family deviates by
    // less than 0.15, so 2,000 families have a standard error below 0.0034; 4.4 of them: false-alarm rate 1e-5. Calling
    // every p < α instead would give about 0.35.
    const stream = openStream(foldIn(randomKey(3), 'families'));
    let sum = 0;
    let power = 0;
    for (let family = 0; family < 2000; family++) {
      const pValues = Array.from({ length: 50 }, (_, i) => normalSurvival(stream.normal() + (i < 35 ? 0 : 2.5)));
      const called = benjaminiHochberg(pValues).map(q => q <= 0.2);
      const falseCalls = called.filter((call, i) => call && i < 35).length;
      const calls = called.filter(call => call).length;
      sum += calls === 0 ? 0 : falseCalls / calls;
      power += (calls - falseCalls) / 15;
    }
    expect(Math.abs(sum / 2000 - 0.14)).toBeLessThan(0.015);
    expect(power / 2000).toBeGreaterThan(0.6);
  });
});
