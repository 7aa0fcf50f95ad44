import { BiolensError } from '../../ground/errors.ts';
import { clopperPearson, normalQuantile } from '../../ground/math/index.ts';
import { gaussianEpsilon } from './analytic-gaussian.ts';

/** Scores of many runs of a mechanism on two neighbours: anything computed from the outputs that tends to be larger with the member. */
export interface NeighbourScores {
  readonly without: readonly number[];
  readonly withMember: readonly number[];
}

/** What runs of a mechanism prove about it. */
export interface EmpiricalEpsilon {
  /** ε is at least this, whatever the mechanism is. */
  readonly epsilon: number;
  /** ε is at least this if the mechanism is a Gaussian one: much tighter. */
  readonly gaussianEpsilon: number;
  readonly confidence: number;
}

const THRESHOLDS = 64;
const FEWEST = 200;

/** Shares of scores above a threshold, each with a bound that holds with half of the error allowed. */
function ratesAbove(threshold: number, { without, withMember }: NeighbourScores, confidence: number) {
  const above = (scores: readonly number[]): number => scores.reduce((n, score) => n + (score > threshold ? 1 : 0), 0);
  // Two one-sided bounds: each takes half of what may go wrong, which is a two-sided interval of the whole.
  const options = { confidence };
  return {
    falseHigh: clopperPearson(above(without), without.length, options).high,
    trueLow: clopperPearson(above(withMember), withMember.length, options).low,
  };
}

const mirrored = ({ without, withMember }: NeighbourScores): NeighbourScores => ({
  without: withMember.map(score => -score),
  withMember: without.map(score => -score),
});

interface Bounds {
  readonly epsilon: number;
  readonly mu: number;
}

function boundsAt(
  threshold: number,
  scores: NeighbourScores,
  { delta, confidence }: { delta: number; confidence: number },
): Bounds {
  const { falseHigh, trueLow } = ratesAbove(threshold, scores, confidence);
  return {
    epsilon: trueLow > delta && falseHigh > 0 ? Math.log((trueLow - delta) / falseHigh) : 0,
    mu: trueLow > 0 && falseHigh < 1 ? normalQuantile(trueLow) - normalQuantile(falseHigh) : 0,
  };
}

/**
 * The least ε that runs of a mechanism on neighbours are compatible with: an attack on one's own release (Jagielski, Ullman and Oprea,
 * "Auditing Differentially Private Machine Learning", NeurIPS 2020; for Gaussian mechanisms Nasr et al., USENIX Security 2023). A ledger whose
 * ε is below it is wrong. Thresholds are chosen on one half of the runs and judged on the other.
 *
 * It proves a fault and never its absence: a weak score finds nothing.
 *
 * @param scores 400 runs or more of each neighbour
 * @param confidence that ε is not below what is returned; 0.999 by default
 * @throws BiolensError `usage` for fewer runs
 */
export function empiricalEpsilon(
  scores: NeighbourScores,
  { delta, confidence = 0.999 }: { readonly delta: number; readonly confidence?: number },
): EmpiricalEpsilon {
  const { without, withMember } = scores;
  if (Math.min(without.length, withMember.length) < 2 * FEWEST)
    throw new BiolensError(
      'usage',
      `expected ${2 * FEWEST} runs of each neighbour, got ${without.length} and ${withMember.length}`,
    );
  const half = (part: 0 | 1): NeighbourScores => ({
    without: without.filter((_, i) => i % 2 === part),
    withMember: withMember.filter((_, i) => i % 2 === part),
  });
  // Two bounds in each of two directions are looked at: each gets a quarter of the error.
  const options = { delta, confidence: 1 - (1 - confidence) / 4 };
  let [epsilon, mu] = [0, 0];
  for (const turn of [(found: NeighbourScores) => found, mirrored]) {
    const [chosenOn, judgedOn] = [turn(half(0)), turn(half(1))];
    const sorted = [...chosenOn.without, ...chosenOn.withMember].sort((a, b) => a - b);
    const thresholds = Array.from(
      { length: THRESHOLDS },
      (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / THRESHOLDS)]!,
    );
    const best = (key: keyof Bounds): number => {
      const values = thresholds.map(threshold => boundsAt(threshold, chosenOn, options)[key]);
      return thresholds[values.indexOf(Math.max(...values))]!;
    };
    epsilon = Math.max(epsilon, boundsAt(best('epsilon'), judgedOn, options).epsilon);
    mu = Math.max(mu, boundsAt(best('mu'), judgedOn, options).mu);
  }
  return {
    epsilon,
    gaussianEpsilon: mu > 0 ? gaussianEpsilon(delta, { noiseStdDev: 1 / mu }) : 0,
    confidence,
  };
}
