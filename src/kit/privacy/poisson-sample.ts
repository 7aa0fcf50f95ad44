import { BiolensError } from '../../ground/errors.ts';
import { checkRate } from './check.ts';
import { RandomIntegers } from './random-integers.ts';

const RESOLUTION = 2 ** 53;

/**
 * Members of a Poisson sample: each of 0 … n − 1 independently with probability `rate` (rounded up to a multiple of 2⁻⁵³). Amplification by
 * sampling holds for such samples, and not for batches that go through the members in turn.
 *
 * @throws BiolensError `usage` unless n is a whole number and the rate above 0 and at most 1
 */
export function samplePoisson(n: number, rate: number, integers: RandomIntegers = new RandomIntegers()): number[] {
  checkRate(rate);
  if (!Number.isSafeInteger(n) || n < 0) throw new BiolensError('usage', `"n" expected a whole number, got ${n}`);
  const limit = rate * RESOLUTION;
  const chosen: number[] = [];
  for (let i = 0; i < n; i++) if (integers.below(RESOLUTION) < limit) chosen.push(i);
  return chosen;
}
