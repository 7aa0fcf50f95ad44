import { BiolensError } from '../../../ground/errors.ts';
import type { SampledGaussian } from '../rdp/gaussian.ts';
import { composeLosses } from './compose.ts';
import { lossEpsilon } from './curve.ts';
import { discretise, type Estimate, type LossGrid, type LossPair } from './losses.ts';
import { gaussianPair, purePair } from './pairs.ts';

/** A mechanism whose worst pair of output distributions is known, and how often it was used. */
export type TightRelease =
  | ({ readonly kind: 'gaussian'; readonly steps: number } & SampledGaussian)
  /** Any mechanism that is ε-differentially private. */
  | { readonly kind: 'pure'; readonly steps: number; readonly epsilon: number };

/** Probability that the grid of one release leaves out, over all its steps. */
const TAIL = 1e-18;
/** Steps of the grid in a deviation of one release's loss. */
const FINENESS = 32;
/** Grid points of one release and of all of them, at most; a wider range gets a wider step, which is still a bound. */
const MOST_POINTS = 2 ** 20;

function pairOf(release: TightRelease, direction: 'add' | 'remove'): LossPair {
  return release.kind === 'gaussian' ? gaussianPair(release, direction) : purePair(release.epsilon);
}

/** Deviation and range of a release's loss, from a first, coarse look. */
function measure(pair: LossPair, tail: number) {
  const { low, high } = pair.range(tail);
  const cells = 4096;
  let [mean, square] = [0, 0];
  // Cells are narrow around zero, where losses of sampled mechanisms are, and wide outside.
  const edge = (i: number): number => {
    const t = (2 * i) / cells - 1;
    // A little wider than the range, whose ends may carry all of the probability.
    return (Math.sinh(12 * t) * 1.001 * Math.max(-low, high)) / Math.sinh(12);
  };
  for (let i = 0; i < cells; i++) {
    const [from, to] = [edge(i), edge(i + 1)];
    const { p } = pair.between(from, to);
    const middle = (from + to) / 2;
    mean += p * middle;
    square += p * middle * middle;
  }
  return { variance: Math.max(1e-30, square - mean * mean), width: high - low };
}

/** Width of the grid's step: a small part of the loss's deviation, averaged over all steps of all releases. */
function chooseStep(pairs: readonly { readonly pair: LossPair; readonly steps: number }[]): number {
  let [variance, steps, widest] = [0, 0, 0];
  for (const { pair, steps: count } of pairs) {
    const { variance: one, width } = measure(pair, TAIL / count);
    variance += count * one;
    steps += count;
    widest = Math.max(widest, width);
  }
  const fine = Math.sqrt(variance / steps) / FINENESS;
  const range = Math.max(widest, 20 * Math.sqrt(variance));
  return Math.max(fine, range / MOST_POINTS);
}

/** The loss distributions of all releases one after another, for a member added and for one removed. */
export function composeReleases(
  releases: readonly TightRelease[],
  { estimate = 'pessimistic' }: { readonly estimate?: Estimate } = {},
): readonly LossGrid[] {
  if (releases.length === 0) throw new BiolensError('usage', '"releases" expected at least one release');
  const sampled = releases.some(release => release.kind === 'gaussian' && release.samplingRate < 1);
  // Without sampling the two directions are alike.
  const directions = sampled ? (['remove', 'add'] as const) : (['remove'] as const);
  const pairs = directions.map(direction =>
    releases.map(release => ({ pair: pairOf(release, direction), steps: release.steps })),
  );
  const step = Math.max(...pairs.map(chooseStep));
  return pairs.map(ofDirection => {
    const parts = ofDirection.map(({ pair, steps }) => ({
      grid: discretise(pair, { step, tail: TAIL / steps, estimate }),
      steps,
    }));
    return composeLosses(parts, estimate);
  });
}

/**
 * ε at δ of releases one after another, by their privacy loss distributions (Koskela, Jälkö and Honkela, AISTATS 2020; Gopi, Lee and
 * Wutschitz, NeurIPS 2021), for neighbours that differ by one member added or removed: tight, where the Rényi bound is not.
 *
 * @param estimate `pessimistic` (an upper bound, by default) or `optimistic` (a lower bound: how much the upper one gives away)
 * @throws BiolensError `usage` without releases, or unless 0 < δ < 1
 */
export function pldEpsilon(
  releases: readonly TightRelease[],
  { delta, estimate = 'pessimistic' }: { readonly delta: number; readonly estimate?: Estimate },
): number {
  return Math.max(...composeReleases(releases, { estimate }).map(grid => lossEpsilon(grid, delta)));
}
