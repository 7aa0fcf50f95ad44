import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type Matrix, proportionMetric } from '../../../ground/math/index.ts';
import { type Neighbours, sourceOf } from '../../../kit/tensor/index.ts';
import { medianMetric } from '../estimates.ts';
import type { Pairwise } from '../pairwise.ts';

/** Neighbours, weight and cutoff of Chen et al. (AMG). */
export const CARLINI_DEFAULTS = { k: 50, alpha: 0.5, cutoff: 1.4 } as const;

export interface CarliniResult {
  /** Neighbours averaged over: fewer than asked for where the training set is smaller. */
  readonly k: number;
  readonly alpha: number;
  readonly cutoff: number;
  /** `[generated]` the ratio of each item; small says copied. NaN where all `k` neighbours are at distance 0. */
  readonly ratios: Float64Array;
  readonly median: Metric;
  /** Share of items with a ratio below the cutoff. */
  readonly flagged: Metric;
}

/**
 * The ratio of Carlini from neighbours already found.
 *
 * @param nearest Euclidean distances of each generated item to its nearest training items, nearest first
 * @throws BiolensError `usage` when `alpha` is not above 0
 */
export function carliniOf(
  nearest: Neighbours,
  options: { readonly alpha?: number; readonly cutoff?: number } = {},
): CarliniResult {
  const { alpha, cutoff } = { ...CARLINI_DEFAULTS, ...options };
  if (!(alpha > 0)) throw new BiolensError('usage', `"alpha" expected a number above 0, got ${alpha}`);
  const { k, scores } = nearest;
  const n = scores.length / k;
  const ratios = Float64Array.from({ length: n }, (_, i) => {
    const distances = scores.subarray(i * k, (i + 1) * k);
    const mean = distances.reduce((sum, value) => sum + value, 0) / k;
    return distances[0]! / (alpha * mean);
  });
  const known = ratios.filter(ratio => !Number.isNaN(ratio));
  const reason = 'every nearest training item is an exact duplicate of the others';
  return {
    k,
    alpha,
    cutoff,
    ratios,
    median: known.length > 0 ? medianMetric(known) : missingMetric(reason),
    flagged:
      known.length > 0
        ? proportionMetric(known.filter(ratio => ratio < cutoff).length, known.length)
        : missingMetric(reason),
  };
}

/**
 * Carlini ratio a(x) = ℓ₂(x, n₀) / (α · mean ℓ₂ to the k nearest training items): how much nearer a generated item is to one
 * training item than to the neighbourhood. Below 2 by definition at α = ½; small says that one item was copied.
 *
 * Carlini et al., "Extracting Training Data from Diffusion Models" (USENIX Security 2023), section 5.1, with the k = 50, α = ½
 * and cutoff 1.4 of Chen et al., "Towards Memorization-Free Diffusion Models" (CVPR 2024). Those were set on other features
 * than face embeddings: read the flagged share against that of real images, not alone. With fewer than k training items all are
 * used, and the result says how many.
 *
 * @param training `[n, d]`, n ≥ 2
 * @param generated `[m, d]`
 */
export async function carlini(
  training: Matrix,
  generated: Matrix,
  options: {
    readonly pairwise: Pairwise;
    readonly k?: number;
    readonly alpha?: number;
    readonly cutoff?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<CarliniResult> {
  const { k = CARLINI_DEFAULTS.k, alpha = CARLINI_DEFAULTS.alpha, cutoff = CARLINI_DEFAULTS.cutoff } = options;
  const nearest = await options.pairwise.neighbours(generated, sourceOf(training), {
    k: Math.min(k, training.rows),
    metric: 'euclidean',
    signal: options.signal,
  });
  return carliniOf(nearest, { alpha, cutoff });
}
