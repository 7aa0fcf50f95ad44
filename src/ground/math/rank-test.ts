import { BiolensError } from '../errors.ts';
import { checkFinite } from './check.ts';
import { normalSurvival } from './distributions.ts';
import { type Alternative, combineTails } from './permutation-test.ts';

export interface MannWhitneyOptions {
  /** `greater`: the first sample tends to be larger. `two-sided` by default. */
  readonly alternative?: Alternative;
  /** `auto` counts exactly where that takes less than a second, and is normal beyond. */
  readonly method?: 'auto' | 'exact' | 'normal';
}

export interface MannWhitney {
  /** Pairs in which the first sample's value is larger, ties counted half. */
  readonly u: number;
  /** u / (n₁ n₂): the probability that a value of the first sample is the larger, 0 to 1; also the area under the ROC curve. */
  readonly superiority: number;
  readonly p: number;
  readonly method: 'exact' | 'normal';
}

/** Steps of the exact count that still take well under a second. */
const MOST_STEPS = 5e7;

interface Ranks {
  /** Twice the midrank of each value, the first sample's before the second's: whole numbers also with ties. */
  readonly doubled: Int32Array;
  /** Σ (t³ − t) over groups of t equal values. */
  readonly ties: number;
}

function rank(values: Float64Array): Ranks {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const doubled = new Int32Array(values.length);
  let ties = 0;
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) doubled[order[i]!] = from + to + 1;
    const size = to - from;
    ties += size ** 3 - size;
    from = to;
  }
  return { doubled, ties };
}

/** P(sum ≥ observed) and P(sum ≤ observed) of `chosen` ranks drawn without replacement, by counting all subsets. */
function exactTails(ranks: Int32Array, chosen: number, observed: number): readonly [number, number] {
  const most = Int32Array.from(ranks)
    .sort()
    .subarray(ranks.length - chosen)
    .reduce((sum, value) => sum + value, 0);
  const width = most + 1;
  // ways[k · width + s]: subsets of k of the ranks so far with sum s, as a share of all such choices when done.
  const ways = new Float64Array((chosen + 1) * width);
  ways[0] = 1;
  let seen = 0;
  let reach = 0;
  for (const value of ranks) {
    seen++;
    reach = Math.min(most, reach + value);
    for (let k = Math.min(seen, chosen); k >= 1; k--) {
      const from = (k - 1) * width;
      const to = k * width;
      for (let s = reach; s >= value; s--) ways[to + s]! += ways[from + s - value]!;
    }
  }
  const last = ways.subarray(chosen * width);
  let total = 0;
  let atLeast = 0;
  let atMost = 0;
  for (const [sum, count] of last.entries()) {
    total += count;
    if (sum >= observed) atLeast += count;
    if (sum <= observed) atMost += count;
  }
  return [atLeast / total, atMost / total];
}

/**
 * Mann-Whitney U test (Wilcoxon's rank sum) of "both samples have one distribution".
 *
 * The exact distribution is that of the ranks at hand, ties included, counted over all ways to split them. The normal one
 * carries the correction for ties and for continuity.
 *
 * @param first `[n₁]` finite numbers
 * @param second `[n₂]` finite numbers
 * @throws BiolensError `usage` when a sample is empty or holds a number that is not finite
 */
export function mannWhitneyU(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  options: MannWhitneyOptions = {},
): MannWhitney {
  const { alternative = 'two-sided', method = 'auto' } = options;
  const n1 = first.length;
  const n2 = second.length;
  if (n1 === 0 || n2 === 0)
    throw new BiolensError('usage', `"first" and "second" expected values in both, got ${n1} and ${n2}`);
  checkFinite('first', first);
  checkFinite('second', second);
  const n = n1 + n2;
  const values = new Float64Array(n);
  values.set(first);
  values.set(second, n1);
  const { doubled, ties } = rank(values);
  let sum = 0;
  for (let i = 0; i < n1; i++) sum += doubled[i]!;
  const u = sum / 2 - (n1 * (n1 + 1)) / 2;
  const superiority = u / (n1 * n2);
  // Without ties all doubled ranks are even, and half the table is enough.
  const unit = ties === 0 ? 2 : 1;
  const chosen = Math.min(n1, n2);
  const steps = (n * chosen * (chosen * (2 * n - chosen + 1))) / (2 * unit);
  if (method === 'exact' || (method === 'auto' && steps <= MOST_STEPS)) {
    const total = doubled.reduce((total, value) => total + value, 0);
    // The smaller sample is counted; where that is the second, its sum is what the first leaves.
    const observed = n1 <= n2 ? sum : total - sum;
    const [above, below] = exactTails(
      doubled.map(value => value / unit),
      chosen,
      observed / unit,
    );
    const [atLeast, atMost] = n1 <= n2 ? [above, below] : [below, above];
    return { u, superiority, p: combineTails(atLeast, atMost, alternative), method: 'exact' };
  }
  const deviation = Math.sqrt(((n1 * n2) / 12) * (n + 1 - ties / (n * (n - 1))));
  const centre = (n1 * n2) / 2;
  const tail = (distance: number): number => (deviation === 0 ? 1 : normalSurvival((distance - 0.5) / deviation));
  return { u, superiority, p: combineTails(tail(u - centre), tail(centre - u), alternative), method: 'normal' };
}
