import { expect, test } from 'vitest';
import { tryLosses } from './losses.ts';

test('500 trials of losses of 0-40 % at every boundary give the exact sum or an abort', async () => {
  const { summed, aborted } = await tryLosses(500, { seed: 12, most: 20 });
  expect(summed + aborted).toBe(500);
  expect(summed).toBeGreaterThan(100);
  expect(aborted).toBeGreaterThan(50);
}, 1_200_000);
