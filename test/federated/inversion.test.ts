import { expect, test } from 'vitest';
import { tryInversion } from '../../examples/gradient-inversion.ts';

test('a face comes back from an update in clear, blurred with others from a sum, and not from a sum with noise', async () => {
  const { update, sum, noisySum } = await tryInversion();
  expect(update).toBeGreaterThan(0.999);
  expect(sum).toBeLessThan(0.95);
  expect(sum).toBeGreaterThan(0.5);
  // The best of ten correlations over 784 pixels of noise: beyond this by chance in one of 10⁹.
  expect(noisySum).toBeLessThan(0.25);
}, 180_000);
