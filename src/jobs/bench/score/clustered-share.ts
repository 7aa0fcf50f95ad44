import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { DEFAULT_CONFIDENCE, studentQuantile } from '../../../ground/math/index.ts';

/** A value between 0 and 1 and the group of dependent values that it belongs to. */
export interface Observation {
  readonly value: number;
  readonly cluster: number;
}

export interface ClusterSums {
  readonly n: number;
  readonly mean: number;
  /** Groups that are independent of each other, or about as many as there would be. */
  readonly clusters: number;
  /** Estimated variance of the mean, with dependence within clusters. */
  readonly variance: number;
  /** The same as if all values were independent. */
  readonly independentVariance: number;
  /** n over the number of independent values there would be if values of a cluster were equal; 1 without clusters. */
  readonly largestDesignEffect: number;
}

/** Mean of clustered values with the variance of its ratio estimator (Cochran, Sampling Techniques, 3rd ed., §9A.2). */
export function sumClusters(observations: readonly Observation[]): ClusterSums {
  const n = observations.length;
  const mean = observations.reduce((sum, { value }) => sum + value, 0) / n;
  const residuals = new Map<number, { sum: number; size: number }>();
  let squares = 0;
  for (const { value, cluster } of observations) {
    const entry = residuals.get(cluster) ?? { sum: 0, size: 0 };
    entry.sum += value - mean;
    entry.size++;
    residuals.set(cluster, entry);
    squares += (value - mean) ** 2;
  }
  const clusters = residuals.size;
  let between = 0;
  let sizes = 0;
  for (const { sum, size } of residuals.values()) {
    between += sum ** 2;
    sizes += size ** 2;
  }
  return {
    n,
    mean,
    clusters,
    variance: (clusters / Math.max(1, clusters - 1)) * (between / n ** 2),
    independentVariance: squares / n ** 2,
    largestDesignEffect: sizes / n,
  };
}

/**
 * The design effect, held between what independent and what equal values within clusters would give: with few clusters the estimate
 * alone is noise.
 */
export function designEffect({ variance, independentVariance, largestDesignEffect }: ClusterSums): number {
  if (independentVariance === 0) return largestDesignEffect;
  return Math.min(largestDesignEffect, Math.max(1, variance / independentVariance));
}

/**
 * A share with an interval that allows for dependence within clusters: Wilson's interval at the effective number of observations,
 * with Student's quantile for the number of clusters. In simulation with 60 to 1,500 questions, a third of them in clusters with
 * a correlation of 0.5, it covers in 93 to 97 % at shares of 10 to 98 %; Wilson's own falls to 87 %, the cluster bootstrap at the
 * ends to 66 %.
 */
export function clusteredShare(observations: readonly Observation[], confidence = DEFAULT_CONFIDENCE): Metric {
  if (observations.length === 0) return missingMetric('no answers');
  return shareWithin(sumClusters(observations), { confidence, method: 'wilson-clustered' });
}

/** Wilson's interval of a mean, from its sums. */
export function shareWithin(
  sums: ClusterSums,
  { confidence, method }: { readonly confidence: number; readonly method: string },
): Metric {
  const { n, mean, clusters, independentVariance } = sums;
  if (clusters < 2) return { value: mean, n, interval: null };
  // Values between 0 and 1, as of questions asked several times, vary less than single answers and count for more.
  const single = independentVariance === 0 ? n : (mean * (1 - mean)) / independentVariance;
  const effective = single / designEffect(sums);
  const t = studentQuantile(1 - (1 - confidence) / 2, clusters - 1);
  const centre = (mean + t ** 2 / (2 * effective)) / (1 + t ** 2 / effective);
  const half =
    (t / (1 + t ** 2 / effective)) * Math.sqrt((mean * (1 - mean)) / effective + t ** 2 / (4 * effective ** 2));
  const interval = {
    // Rounding must not put the value itself outside.
    low: Math.max(0, Math.min(mean, centre - half)),
    high: Math.min(1, Math.max(mean, centre + half)),
    confidence,
    method,
  };
  return { value: mean, n, interval };
}
