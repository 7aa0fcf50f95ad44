/** Least share that is aimed at, of a class's target: no class that is wanted is given up. */
const LEAST = 0.1;

/**
 * The shares that a round is fine-tuned toward: the targets, and beyond them by `gain` times what the rounds so far missed them by, summed.
 *
 * A small network generates a rare class more rarely than it is shown it, so that a loop which aims at the target rests short of it. What is missed round after
 * round adds up until the samples are there: integral control.
 *
 * @param target `[classes]` wanted shares
 * @param measured `[rounds][classes]` shares of the samples after each fine-tuning
 * @param gain 0: the targets themselves
 * @returns `[classes]` shares that sum to 1
 */
export function aimAt(target: readonly number[], measured: readonly (readonly number[])[], gain: number): number[] {
  const aimed = target.map((wanted, c) => {
    const missed = measured.reduce((sum, shares) => sum + wanted - shares[c]!, 0);
    return Math.max(LEAST * wanted, wanted + gain * missed);
  });
  const total = aimed.reduce((sum, share) => sum + share, 0);
  return aimed.map(share => share / total);
}
