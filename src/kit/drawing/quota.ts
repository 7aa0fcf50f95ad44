import type { RandomStream } from '../../ground/math/random.ts';

/** Whole numbers that sum to `total` and are as near to its `shares` as can be (largest remainders, ties to the earlier). */
export function quotas(total: number, shares: readonly number[]): number[] {
  const exact = shares.map(share => share * total);
  // The addend keeps what is whole but for rounding (0.07 × 100) whole.
  const counts = exact.map(value => Math.floor(value + 1e-9));
  const remainders = exact
    .map((value, i) => ({ i, rest: value - counts[i]! }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  let missing = total - counts.reduce((sum, count) => sum + count, 0);
  for (const { i } of remainders) {
    if (missing-- <= 0) break;
    counts[i]!++;
  }
  return counts;
}

/**
 * Assigns a class to each item so that the weights of each class sum to its quota of the whole: exactly, where enough items weigh 1;
 * otherwise as near as the heavy ones allow. Apart from that, every assignment is as likely.
 *
 * @returns per item, the place of its class in `shares`.
 */
export function assignClasses(weights: readonly number[], shares: readonly number[], stream: RandomStream): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const left = quotas(total, shares);
  const order = stream.shuffle(weights.map((_, i) => i)).sort((a, b) => weights[b]! - weights[a]!);
  const assigned = new Array<number>(weights.length).fill(0);
  for (const item of order) {
    const weight = weights[item]!;
    // A class with room for the item, in proportion to its room; the roomiest when none has enough.
    const room = left.map(count => (count >= weight ? count : 0));
    const sum = room.reduce((a, b) => a + b, 0);
    let chosen = left.indexOf(Math.max(...left));
    if (sum > 0) {
      let rest = stream.integer(sum);
      chosen = room.findIndex(count => {
        rest -= count;
        return rest < 0;
      });
    }
    assigned[item] = chosen;
    left[chosen]! -= weight;
  }
  return assigned;
}
