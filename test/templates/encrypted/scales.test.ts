import { expect, test } from 'vitest';
import { MODES, planMatching, SCHEMES } from '../../../src/jobs/templates/encrypted/index.ts';
import { lengthBound, quantise } from '../../../src/jobs/templates/encrypted/quantise.ts';

test.each([64, 128, 512, 1024])('every mode is proved at scale 250 for %i dimensions', dimension => {
  for (const mode of MODES) {
    const { scale, proof, parameters } = planMatching({ mode, dimension });
    expect(scale).toBe(250);
    expect(proof.noise).toBeLessThan(1);
    expect(proof.error).toBe(0);
    expect(2 * proof.scoreBound).toBeLessThan(parameters.plainModulus);
  }
});

test('the longest that a quantised vector can be is what the proof takes', () => {
  // A unit vector whose numbers all round up: the bound must hold with little to spare.
  const dimension = 1024;
  const scale = 48.1;
  const values = quantise(new Float64Array(dimension).fill(1), scale, { field: 'x', dimension });
  const length = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
  expect(length).toBeLessThanOrEqual(lengthBound(scale, dimension));
  expect(length).toBeGreaterThan(0.98 * lengthBound(scale, dimension));
});

test('what cannot be proved is refused, naming the field', () => {
  expect(() => planMatching({ mode: 'encrypted-gallery', dimension: 128, scale: 4000 })).toThrow(
    '"scale" 4000 cannot be proved for 128 dimensions',
  );
  expect(() => planMatching({ mode: 'both-encrypted', dimension: 1024, scale: 2000 })).toThrow('noise');
  expect(() => planMatching({ mode: 'both-encrypted', scheme: 'ckks', dimension: 128, scale: 2 ** 30 })).toThrow(
    'wrap',
  );
  expect(() => planMatching({ mode: 'both-encrypted', scheme: 'ckks', dimension: 128, scale: 2 ** 20 })).toThrow(
    'error',
  );
  expect(() => planMatching({ mode: 'encrypted-probe', dimension: 4096 })).toThrow('"dimension"');
  expect(() => planMatching({ mode: 'encrypted-probe', dimension: 64, scheme: 'ckks' })).toThrow('"scheme"');
  expect(() => planMatching({ mode: 'encrypted-gallery', dimension: 64, packing: 'rotations' })).toThrow('"packing"');
  expect(SCHEMES[0]).toBe('bfv');
});
