import type { Metric } from '../../ground/contracts/metric.ts';
import { missingMetric } from '../../ground/contracts/metric.ts';
import { foldIn, openStream, type RandomKey } from '../../ground/math/index.ts';
import type { Comparisons } from './comparisons.ts';
import { measureShare } from './intervals.ts';

/** Groups with fewer people are measured and not ranked. */
export const LEAST_GROUP_PEOPLE = 10;

/** Error rates of one group at the threshold of all. */
export interface GroupRates {
  readonly group: string;
  readonly people: number;
  /** Too few people to be ranked or to enter a ratio. */
  readonly small: boolean;
  /** Of non-mated comparisons within the group. */
  readonly fmr: Metric;
  readonly fnmr: Metric;
}

/** Error rates by group at one global threshold, after ISO/IEC 19795-10. */
export interface RatesByGroup {
  readonly threshold: number;
  readonly groups: readonly GroupRates[];
  /** Non-mated comparisons between each two groups. */
  readonly crossed: readonly { readonly first: string; readonly second: string; readonly fmr: Metric }[];
  /** Largest rate over the geometric mean of the groups' rates; 1 where all are alike. */
  readonly worstToGeometricMean: { readonly fmr: Metric; readonly fnmr: Metric };
}

/** The ratio of the largest rate to the geometric mean. */
function worstRatio(rates: readonly Metric[], what: string): Metric {
  const values = rates.flatMap(({ value }) => (value === null ? [] : [value]));
  if (values.length < 2) return missingMetric('fewer than two groups are large enough to be compared');
  if (values.includes(0)) return missingMetric(`a group has a ${what} of 0, so its geometric mean is 0`, values.length);
  const mean = Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
  return { value: Math.max(...values) / mean, n: values.length, interval: null };
}

/**
 * Measures each group at the threshold that all share, as ISO/IEC 19795-10 asks: a threshold of its own would hide the difference.
 *
 * @param groupOf the group of each person; null where it is not known, and then the person is in no group
 */
export function measureGroups(
  comparisons: Comparisons,
  groupOf: readonly (string | null)[],
  {
    threshold,
    key,
    leastPeople = LEAST_GROUP_PEOPLE,
  }: { readonly threshold: number; readonly key: RandomKey; readonly leastPeople?: number },
): RatesByGroup {
  const { mated, persons } = comparisons;
  const { scores } = comparisons;
  const names = [...new Set(groupOf.filter(name => name !== null))].sort();
  const of = (list: Uint32Array | undefined, i: number): string | null => groupOf[list?.[i] ?? -1] ?? null;
  const rate = (first: string, second: string, kind: 0 | 1): Metric =>
    measureShare(comparisons, {
      wanted: i => {
        if (mated[i] !== kind) return false;
        const [a, b] = [of(persons?.reference, i), of(persons?.probe, i)];
        return (a === first && b === second) || (a === second && b === first);
      },
      holds: i => (kind === 1 ? scores[i]! < threshold : scores[i]! >= threshold),
      stream: openStream([first, second, `${kind}`].reduce(foldIn, key)),
      reason: `no ${kind === 1 ? 'mated' : 'non-mated'} comparisons`,
    });
  const groups = names.map((group): GroupRates => {
    const people = groupOf.filter(name => name === group).length;
    return { group, people, small: people < leastPeople, fmr: rate(group, group, 0), fnmr: rate(group, group, 1) };
  });
  const crossed = names.flatMap((first, i) =>
    names.slice(i + 1).map(second => ({ first, second, fmr: rate(first, second, 0) })),
  );
  const ranked = groups.filter(({ small }) => !small);
  return {
    threshold,
    groups,
    crossed,
    worstToGeometricMean: {
      fmr: worstRatio(
        ranked.map(({ fmr }) => fmr),
        'false match rate',
      ),
      fnmr: worstRatio(
        ranked.map(({ fnmr }) => fnmr),
        'false non-match rate',
      ),
    },
  };
}
