import type { Interval } from '../../../ground/contracts/metric.ts';
import { DEFAULT_CONFIDENCE as CONFIDENCE, studentQuantile } from '../../../ground/math/index.ts';

const MAX_GROUPS = 20;
const MIN_GROUPS = 5;
/** Width of embeddings up to which all groups are made: each costs an eigendecomposition, which grows with its cube. */
const FULL_WIDTH = 256;

/** Groups that a set of `n` items of width `d` is cut into; 1 says that there are too few items to leave any out. */
export function jackknifeGroups(n: number, d: number): number {
  const groups = Math.min(d <= FULL_WIDTH ? MAX_GROUPS : MIN_GROUPS, Math.floor(n / 2));
  return groups < MIN_GROUPS ? 1 : groups;
}

/**
 * Interval of a statistic of one or two sets by leaving out one group of items at a time (delete-group jackknife; Kott, Journal of
 * Official Statistics 17, 2001), with Student's quantile for the number of groups.
 *
 * It measures the noise of the statistic, not its bias, at one evaluation a group whatever the number of items.
 *
 * @param value the statistic of everything
 * @param parts for each set, the statistic without each of its groups
 */
export function groupJackknifeInterval(value: number, parts: readonly (readonly number[])[]): Interval {
  let variance = 0;
  for (const values of parts) {
    const mean = values.reduce((sum, part) => sum + part, 0) / values.length;
    variance += ((values.length - 1) / values.length) * values.reduce((sum, part) => sum + (part - mean) ** 2, 0);
  }
  const freedom = parts.reduce((sum, values) => sum + values.length - 1, 0);
  const reach = studentQuantile((1 + CONFIDENCE) / 2, freedom) * Math.sqrt(variance);
  return { low: value - reach, high: value + reach, confidence: CONFIDENCE, method: 'group-jackknife' };
}
