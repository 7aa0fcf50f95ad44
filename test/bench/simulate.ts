import type { RandomStream } from '../../src/ground/math/index.ts';
import type { Observation } from '../../src/jobs/bench/score/clustered-share.ts';

/** Sizes of clusters for `n` questions, of which about `share` stand in clusters of 2 to 6. */
export function drawSizes(stream: RandomStream, n: number, share: number): number[] {
  const sizes: number[] = [];
  // A cluster has 4 questions on average.
  const together = share / (share + 4 * (1 - share));
  for (let left = n; left > 0; left -= sizes.at(-1)!)
    sizes.push(stream.bool(together) ? Math.min(left, 2 + stream.integer(5)) : 1);
  return sizes;
}

/**
 * Right or wrong answers with accuracy `accuracy`: with probability `correlation` a cluster's answers are all one draw, else each is
 * its own, so that any two answers of a cluster have that correlation.
 */
export function drawAnswers(
  stream: RandomStream,
  sizes: readonly number[],
  { accuracy, correlation }: { readonly accuracy: number; readonly correlation: number },
): Observation[] {
  return sizes.flatMap((size, cluster) => {
    const common = stream.bool(correlation) ? (stream.bool(accuracy) ? 1 : 0) : null;
    return Array.from({ length: size }, () => ({ cluster, value: common ?? (stream.bool(accuracy) ? 1 : 0) }));
  });
}

export const covers = (interval: { readonly low: number; readonly high: number } | null, truth: number): boolean =>
  interval !== null && interval.low <= truth + 1e-12 && truth <= interval.high + 1e-12;

/**
 * Right or wrong answers in a row of which each depends on its neighbours alone: with probability 1/2 an answer is the draw that
 * it shares with the one before, else the one that it shares with the one after.
 */
export function drawChain(stream: RandomStream, n: number, accuracy: number): number[] {
  const shared = Array.from({ length: n + 1 }, () => (stream.bool(accuracy) ? 1 : 0));
  return Array.from({ length: n }, (_, i) => shared[stream.bool(0.5) ? i : i + 1]!);
}
