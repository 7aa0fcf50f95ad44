import { describe, expect, test } from 'vitest';
import { planMatching } from '../../../src/jobs/templates/encrypted/index.ts';
import { openMatchClient } from '../../../src/jobs/templates/encrypted/node.ts';
import { quantise, quantiseRows } from '../../../src/jobs/templates/encrypted/quantise.ts';
import { LINK_KEY } from './matching.ts';

const options = { field: 'probe', dimension: 4 };

describe('embeddings at the door', () => {
  test.each([
    [[1, 2, Number.NaN, 3], 'probe: number 2 is NaN'],
    [[1, Number.POSITIVE_INFINITY, 0, 3], 'probe: number 1 is Infinity'],
    [[0, 0, -0, 0], 'probe: all zeros, which is no embedding'],
    [[1, 2, 3], 'probe: expected 4 numbers, got 3'],
    [[5e-324, 0, 0, 0], 'probe: all zeros, which is no embedding'],
    [[1e-40, 1e-40, 0, 0], 'probe: a length of 1.41e-40, expected 1e-15 to 1e18'],
    [[1e200, 0, 0, 0], 'probe: a length of Infinity, expected 1e-15 to 1e18'],
  ])('%j', (values, message) => {
    expect(() => quantise(values, 250, options)).toThrow(message);
  });

  test('−0 and subnormal numbers among others are zeros', () => {
    expect(quantise([1, -0, 5e-324, -5e-324], 250, options)).toEqual(Int16Array.of(250, 0, 0, 0));
  });

  test('rows are named by their number', () => {
    const data = Float32Array.of(1, 0, 0, 0);
    expect(() => quantiseRows({ rows: 2, cols: 2, data }, 250, 'x.npy')).toThrow('x.npy: row 1: all zeros');
  });

  test('the length of the embedding does not matter: raw and normalised ones give the same numbers', () => {
    expect(quantise([3, 4, 0, 0], 250, options)).toEqual(quantise([0.6, 0.8, 0, 0], 250, options));
  });

  test('a name of a million characters is refused, naming the field', async () => {
    const plan = planMatching({ mode: 'encrypted-gallery', dimension: 4 });
    const opened = openMatchClient(plan, { tenant: 'x'.repeat(1e6), linkKey: LINK_KEY });
    await expect(opened).rejects.toThrow('"tenant" expected 1 to 200 characters');
  });
});
