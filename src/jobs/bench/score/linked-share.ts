import type { Question } from '../../../ground/contracts/bench.ts';
import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { DEFAULT_CONFIDENCE } from '../../../ground/math/index.ts';
import { pictureKey } from '../stats.ts';
import { type ClusterSums, shareWithin } from './clustered-share.ts';

/** Pairs of values that depend on each other, by their places, each pair once. */
export type Links = readonly (readonly [number, number])[];

/** Questions that show the same image. The black image of text-only questions links nothing. */
export function linkByPictures(questions: readonly Question[]): Links {
  const seen = new Map<string, number[]>();
  const linked = new Map<number, [number, number]>();
  for (const [i, { imageCount, images }] of questions.entries()) {
    if (imageCount === 'zero') continue;
    for (const key of new Set(images.map(pictureKey))) {
      const others = seen.get(key);
      if (others === undefined) seen.set(key, [i]);
      else {
        for (const other of others) linked.set(other * questions.length + i, [other, i]);
        others.push(i);
      }
    }
  }
  return [...linked.values()];
}

/**
 * Mean with the variance that allows for dependence of linked values, and of no others (Aronow, Samii and Assenova, "Cluster-robust
 * variance estimation for dyadic data", Political Analysis 23, 2015, eq. 8): two questions that are joined only through a third one have no
 * image in common. Where links make groups, in which everybody is linked to everybody, this is the variance of clusters.
 */
export function sumLinked(values: readonly number[], links: Links): ClusterSums {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const products = links.reduce((sum, [i, j]) => sum + (values[i]! - mean) * (values[j]! - mean), 0);
  const largestDesignEffect = (n + 2 * links.length) / n;
  const clusters = n / largestDesignEffect;
  return {
    n,
    mean,
    clusters,
    variance: ((clusters / Math.max(1, clusters - 1)) * Math.max(0, squares + 2 * products)) / n ** 2,
    independentVariance: squares / n ** 2,
    largestDesignEffect,
  };
}

/** As `clusteredShare`, for values of which some pairs depend on each other; coverage by simulation is the same. */
export function linkedShare(values: readonly number[], links: Links, confidence = DEFAULT_CONFIDENCE): Metric {
  if (values.length === 0) return missingMetric('no answers');
  return shareWithin(sumLinked(values, links), { confidence, method: 'wilson-linked' });
}
