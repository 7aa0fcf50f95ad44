import type { Metric } from '../../../ground/contracts/metric.ts';
import { missingMetric } from '../../../ground/contracts/metric.ts';
import { DEFAULT_CONFIDENCE, studentQuantile, studentSurvival } from '../../../ground/math/index.ts';
import type { Observation } from '../score/clustered-share.ts';

export interface GroupDifference {
  /** Accuracy on the first group of questions less that on the second. */
  readonly difference: Metric;
  /** Two-sided; null where there is no interval. */
  readonly p: number | null;
}

/**
 * How one model's accuracy differs between two groups of different questions, with clusters that may reach across both
 * (linearised variance of a difference of means, Student's t with clusters − 1 degrees of freedom).
 */
export function compareGroups(first: readonly Observation[], second: readonly Observation[]): GroupDifference {
  if (first.length === 0 || second.length === 0)
    return { difference: missingMetric('one of the groups has no answers'), p: null };
  const mean = (group: readonly Observation[]): number =>
    group.reduce((sum, { value }) => sum + value, 0) / group.length;
  const influence = new Map<number, number>();
  const add = (group: readonly Observation[], sign: 1 | -1): number => {
    const centre = mean(group);
    for (const { value, cluster } of group)
      influence.set(cluster, (influence.get(cluster) ?? 0) + (sign * (value - centre)) / group.length);
    return centre;
  };
  const value = add(first, 1) - add(second, -1);
  const n = first.length + second.length;
  const clusters = influence.size;
  const squares = [...influence.values()].reduce((sum, part) => sum + part ** 2, 0);
  const error = Math.sqrt((squares * clusters) / (clusters - 1));
  if (clusters < 3 || !(error > 0)) return { difference: { value, n, interval: null }, p: null };
  const half = studentQuantile(1 - (1 - DEFAULT_CONFIDENCE) / 2, clusters - 1) * error;
  return {
    difference: {
      value,
      n,
      interval: { low: value - half, high: value + half, confidence: DEFAULT_CONFIDENCE, method: 'student-clustered' },
    },
    p: 2 * studentSurvival(Math.abs(value) / error, clusters - 1),
  };
}
