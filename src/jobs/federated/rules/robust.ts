import { BiolensError } from '../../../ground/errors.ts';

/** How updates that the server sees one by one become one. */
export const RULES = ['mean', 'median', 'trimmed-mean', 'krum', 'multi-krum'] as const;
export type Rule = (typeof RULES)[number];

/** Of n updates so many may be poisoned and a rule still holds; null where it never does. */
export function mostPoisoned(rule: Rule, n: number): number | null {
  if (rule === 'mean') return null;
  // Krum wants n ≥ 2f + 3; an order statistic wants a majority.
  return Math.max(0, rule.endsWith('krum') ? Math.floor((n - 3) / 2) : Math.floor((n - 1) / 2));
}

function checkSet(updates: readonly Float32Array[], rule: Rule, poisoned: number): void {
  const [first] = updates;
  if (first === undefined) throw new BiolensError('input', `${rule}: there is no update`);
  if (updates.some(({ length }) => length !== first.length))
    throw new BiolensError('input', `${rule}: the updates have different lengths`);
  const most = mostPoisoned(rule, updates.length);
  if (!Number.isInteger(poisoned) || poisoned < 0 || (most !== null && poisoned > most))
    throw new BiolensError(
      'input',
      `${rule}: of ${updates.length} updates at most ${most} may be poisoned, asked for ${poisoned}`,
    );
}

/** Entries that are gathered at once, so that a column of many clients stays in the cache. */
const BLOCK = 4096;

/** Sorts each coordinate's values over the clients and combines them. */
function byCoordinate(updates: readonly Float32Array[], combine: (sorted: Float64Array) => number): Float64Array {
  const size = updates[0]!.length;
  const out = new Float64Array(size);
  const column = new Float64Array(updates.length);
  for (let start = 0; start < size; start += BLOCK)
    for (let i = start; i < Math.min(size, start + BLOCK); i++) {
      for (let k = 0; k < updates.length; k++) column[k] = updates[k]![i]!;
      out[i] = combine(column.sort());
    }
  return out;
}

function meanOf(updates: readonly Float32Array[]): Float64Array {
  const out = new Float64Array(updates[0]!.length);
  for (const update of updates) for (let i = 0; i < out.length; i++) out[i]! += update[i]! / updates.length;
  return out;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

/**
 * Positions of updates by Krum's score, the best first: the sum of the squared distances to the n − f − 2 nearest others (Blanchard et al.
 * 2017, section 4).
 */
export function rankByKrum(updates: readonly Float32Array[], poisoned: number): number[] {
  const n = updates.length;
  const distances = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(updates[i]!, updates[j]!);
      distances[i]![j] = distance;
      distances[j]![i] = distance;
    }
  const scores = distances.map((row, i) =>
    row
      .filter((_, j) => j !== i)
      .sort()
      .subarray(0, n - poisoned - 2)
      .reduce((sum, distance) => sum + distance, 0),
  );
  return scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]! || a - b);
}

/**
 * Combines updates so that up to `poisoned` of them cannot take the result far (Blanchard et al. 2017; Yin et al. 2018). All updates count
 * alike: a client's own word on its number of examples would be a way around.
 *
 * Adversary: so many clients that send any finite update they like. The server sees every update, so nothing is hidden from it.
 *
 * @param updates `[clients][n]`
 * @returns `[n]`
 * @throws {BiolensError} `input` for more poisoned updates than the rule stands
 */
export function combineUpdates(
  updates: readonly Float32Array[],
  { rule, poisoned }: { readonly rule: Rule; readonly poisoned: number },
): Float64Array {
  checkSet(updates, rule, poisoned);
  const n = updates.length;
  switch (rule) {
    case 'mean':
      return meanOf(updates);
    case 'median':
      return byCoordinate(updates, sorted => (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2);
    case 'trimmed-mean':
      return byCoordinate(updates, sorted => {
        let sum = 0;
        for (let k = poisoned; k < n - poisoned; k++) sum += sorted[k]!;
        return sum / (n - 2 * poisoned);
      });
    case 'krum':
      return Float64Array.from(updates[rankByKrum(updates, poisoned)[0]!]!);
    case 'multi-krum':
      return meanOf(
        rankByKrum(updates, poisoned)
          .slice(0, n - poisoned)
          .map(i => updates[i]!),
      );
  }
}
