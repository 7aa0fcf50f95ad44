import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { findNearest, prepare } from '../../src/jobs/audit-medical/measure/compare.ts';
import { poolBlock } from '../../src/jobs/audit-medical/measure/grid.ts';

describe('a grid of cells', () => {
  test('means of what falls into a cell', () => {
    const values = Float64Array.from({ length: 16 }, (_, i) => i);
    expect([...poolBlock({ size: [4, 4, 1], values }, [2, 2, 1])]).toEqual([2.5, 4.5, 10.5, 12.5]);
    const holed = values.map((value, i) => (i === 0 ? Number.NaN : value));
    // What is no number is as dark as the darkest that is one.
    expect(poolBlock({ size: [4, 4, 1], values: holed }, [2, 2, 1])[0]).toBe((1 + 1 + 4 + 5) / 4);
  });

  test('along an axis with fewer values they lie straight between', () => {
    expect([...poolBlock({ size: [2, 1, 1], values: [0, 4] }, [4, 1, 1])]).toEqual([0, 1, 3, 4]);
    expect([...poolBlock({ size: [1, 2, 1], values: [0, 4] }, [1, 4, 1])]).toEqual([0, 1, 3, 4]);
  });

  test.each([20, 32, 48, 50, 97])('a mirrored image of %i pixels a side is the same image', side => {
    const stream = openStream(randomKey(side));
    const values = Float64Array.from({ length: side * side }, () => stream.uniform());
    const mirrored = values.map((_, i) => values[i - (i % side) + side - 1 - (i % side)]!);
    const other = values.map(() => stream.uniform());
    const size = [48, 48, 1] as const;
    const cellsOf = (one: Float64Array) => ({ cells: poolBlock({ size: [side, side, 1], values: one }, size) });
    const set = prepare([cellsOf(other), cellsOf(values)], size);
    const query = prepare([cellsOf(mirrored)], size);
    const found = findNearest({ fine: query.fine[0]!, coarse: query.coarse[0]! }, set, { size });
    expect(found).toMatchObject({ index: 1, flipped: true });
    expect(found.similarity).toBeGreaterThan(0.999);
  });
});
