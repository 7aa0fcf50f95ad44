import { expect, test } from 'vitest';
import { findNearest, prepare } from '../../src/jobs/audit-medical/measure/compare.ts';
import { poolBlock } from '../../src/jobs/audit-medical/measure/grid.ts';
import { type Change, makePhantom, scanPhantom, UNCHANGED } from './phantom.ts';

const SIDE = 64;
const size = [32, 32, 32] as const;
const cellsOf = (phantom: number, change: Change) => ({
  cells: poolBlock({ size: [SIDE, SIDE, SIDE], values: scanPhantom(makePhantom(phantom), SIDE, change) }, size),
});

test('a volume that is turned, shifted, flipped, noisy and of another gain, offset and gamma is closest to its original, by more than an unrelated one', () => {
  const change: Change = {
    gain: 900,
    offset: 100,
    gamma: 0.8,
    degrees: 5,
    shift: [3, 0, 0],
    flip: 1,
    signalToNoise: 10,
  };
  const set = prepare(
    Array.from({ length: 6 }, (_, i) => cellsOf(i, UNCHANGED)),
    size,
  );
  const queries = prepare([cellsOf(2, change), cellsOf(20_000, UNCHANGED)], size);
  const [copy, unrelated] = [0, 1].map(i =>
    findNearest({ fine: queries.fine[i]!, coarse: queries.coarse[i]! }, set, { size }),
  );
  expect(copy).toMatchObject({ index: 2, flipped: true });
  expect(copy!.similarity).toBeGreaterThan(0.98);
  expect(unrelated!.similarity).toBeLessThan(0.98);
}, 60_000);
