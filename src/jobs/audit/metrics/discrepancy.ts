import { BiolensError } from '../../../ground/errors.ts';

/** How far two distributions over the same classes are from each other; every number is 0 when they are equal. */
export interface Distances {
  /** Largest minus smallest excess `p − q`, 0 to 2; with two classes and a uniform target it is |p₁ − p₀|. */
  readonly parityGap: number;
  /** Fairness discrepancy ‖q − p‖₂, 0 to √2. */
  readonly fairnessDiscrepancy: number;
  /** Total variation ½Σ|p − q|, 0 to 1. */
  readonly totalVariation: number;
  /** Kullback-Leibler divergence KL(p‖q) in nats; null where it is infinite (a class that p has and q lacks). */
  readonly kl: number | null;
  /** Jensen-Shannon distance √(½KL(p‖m) + ½KL(q‖m)) with m the mean of both and logarithms in nats, 0 to √ln 2. */
  readonly jensenShannon: number;
  /** χ² distance ½Σ(p − q)²/(p + q), 0 to 1. */
  readonly chiSquare: number;
}

function klOf(p: readonly number[], q: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const share = p[i]!;
    if (share > 0) sum += share * Math.log(share / q[i]!);
  }
  // Rounding can leave a tiny negative number where the true value is 0.
  return Math.max(0, sum);
}

function checkDistribution(name: string, values: readonly number[]): void {
  let total = 0;
  for (const value of values) {
    if (!(value >= 0)) throw new BiolensError('usage', `"${name}" expected shares of at least 0, got ${value}`);
    total += value;
  }
  if (Math.abs(total - 1) > 1e-6)
    throw new BiolensError('usage', `"${name}" expected shares that sum to 1, got ${total}`);
}

/**
 * Distances between the shares `p` and the target shares `q` over the same classes.
 *
 * The fairness discrepancy is that of Choi et al., "Fair Generative Modeling via Weak Supervision" (ICML 2020), section 4;
 * the χ² distance is the symmetric one, bounded by 1. The parity gap of more than two classes, or of a target that is not
 * uniform, is the spread of the excesses p − q: the class most above its target against the class most below it.
 *
 * @param p `[classes]` shares that sum to 1
 * @param q `[classes]` shares that sum to 1
 * @throws BiolensError `usage` when the lengths differ, or either is not a distribution
 */
export function compareDistributions(p: readonly number[], q: readonly number[]): Distances {
  if (p.length !== q.length)
    throw new BiolensError('usage', `"q" expected ${p.length} shares, as many as "p", got ${q.length}`);
  if (p.length < 2) throw new BiolensError('usage', `"p" expected 2 classes or more, got ${p.length}`);
  checkDistribution('p', p);
  checkDistribution('q', q);
  const excess = p.map((share, i) => share - q[i]!);
  const middle = p.map((share, i) => (share + q[i]!) / 2);
  let absolute = 0;
  let squared = 0;
  let chi = 0;
  for (let i = 0; i < p.length; i++) {
    const difference = excess[i]!;
    absolute += Math.abs(difference);
    squared += difference * difference;
    if (middle[i]! > 0) chi += (difference * difference) / (2 * middle[i]!);
  }
  const kl = klOf(p, q);
  return {
    parityGap: Math.max(...excess) - Math.min(...excess),
    fairnessDiscrepancy: Math.sqrt(squared),
    totalVariation: absolute / 2,
    kl: Number.isFinite(kl) ? kl : null,
    jensenShannon: Math.sqrt((klOf(p, middle) + klOf(q, middle)) / 2),
    chiSquare: chi / 2,
  };
}

/**
 * Shannon entropy of `p` over its largest possible value ln(classes): 1 when all classes are equally common, 0 when there is
 * only one.
 *
 * @param p `[classes]` shares that sum to 1
 * @throws BiolensError `usage` when `p` is not a distribution over two classes or more
 */
export function normalisedEntropy(p: readonly number[]): number {
  if (p.length < 2) throw new BiolensError('usage', `"p" expected 2 classes or more, got ${p.length}`);
  checkDistribution('p', p);
  let entropy = 0;
  for (const share of p) if (share > 0) entropy -= share * Math.log(share);
  return entropy / Math.log(p.length);
}
