import { BiolensError } from '../../ground/errors.ts';
import { quantile, type RandomStream } from '../../ground/math/index.ts';

/** Densities of scores of two templates under different keys: of one person (mated), and of different people. */
export interface LinkageDensities {
  /** `[bins + 1]`, ascending. */
  readonly edges: readonly number[];
  /** `[bins]` each. */
  readonly mated: readonly number[];
  readonly nonMated: readonly number[];
}

const MOST_BINS = 100;
const PER_BIN = 10;
const LEAST_SCORES = 20;
/**
 * With fewer people who have two images, dealing them out at random leaves them as they are too often: then 95 % of chance reaches as far as
 * any linkability, and nothing is ever above it.
 */
const LEAST_PEOPLE = 5;

/**
 * Densities on shared bins over the range of both, a tenth as many as mated scores and at most 100.
 *
 * @throws BiolensError `input` for fewer than 20 mated or non-mated scores
 */
export function linkageDensities(mated: ArrayLike<number>, nonMated: ArrayLike<number>): LinkageDensities {
  checkCounts(mated.length, nonMated.length);
  return densitiesOf(mated, nonMated);
}

function checkCounts(mated: number, nonMated: number): void {
  if (Math.min(mated, nonMated) < LEAST_SCORES)
    throw new BiolensError(
      'input',
      `unlinkability needs ${LEAST_SCORES} mated and non-mated scores, got ${mated} and ${nonMated}`,
    );
}

function densitiesOf(mated: ArrayLike<number>, nonMated: ArrayLike<number>): LinkageDensities {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const list of [mated, nonMated])
    for (let i = 0; i < list.length; i++) {
      low = Math.min(low, list[i]!);
      high = Math.max(high, list[i]!);
    }
  const bins = Math.min(Math.floor(mated.length / PER_BIN), MOST_BINS);
  const width = (high - low || 1) / bins;
  const density = (scores: ArrayLike<number>): number[] => {
    const counts = new Array<number>(bins).fill(0);
    for (let i = 0; i < scores.length; i++)
      counts[Math.max(0, Math.min(bins - 1, Math.floor((scores[i]! - low) / width)))]!++;
    return counts.map(count => count / (scores.length * width));
  };
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + i * width);
  return { edges, mated: density(mated), nonMated: density(nonMated) };
}

/** D↔(s): how far a score tells that two templates are of one person, from 0 (not at all) to 1 (for sure). */
export function localLinkability(mated: number, nonMated: number, ratio = 1): number {
  if (nonMated === 0) return mated === 0 ? 0 : 1;
  const likelihood = (ratio * mated) / nonMated;
  return likelihood <= 1 ? 0 : (2 * likelihood) / (1 + likelihood) - 1;
}

/**
 * D↔sys, the linkability of a system, from 0 to 1: ∫ p(s | mated) D↔(s) ds by the trapezoid rule over the middles of the bins
 * (Gomez-Barrero, Galbally, Rathgeb and Busch, "General Framework to Evaluate Unlinkability in Biometric Template Protection Systems", TIFS
 * 13(6), 2018, equations 4 to 7).
 *
 * Two samples of one distribution give more than 0: compare it with {@link linkabilityNull}, not with 0.
 *
 * @param ratio ω, prior odds of mated templates; 1 by default
 */
export function systemLinkability({ edges, mated, nonMated }: LinkageDensities, ratio = 1): number {
  const terms = mated.map((density, i) => density * localLinkability(density, nonMated[i]!, ratio));
  let sum = 0;
  for (let i = 1; i < terms.length; i++)
    sum += ((terms[i]! + terms[i - 1]!) / 2) * ((edges[i + 1]! - edges[i - 1]!) / 2);
  return sum;
}

/** Maximal linkability in bits: log₂ Σ max(p(s | mated), p(s | non-mated)) Δ over 30 bins, from 0 to 1. */
export function maximalLinkability(mated: ArrayLike<number>, nonMated: ArrayLike<number>, bins = 30): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const list of [mated, nonMated])
    for (let i = 0; i < list.length; i++) {
      low = Math.min(low, list[i]!);
      high = Math.max(high, list[i]!);
    }
  const share = (scores: ArrayLike<number>): Float64Array => {
    const shares = new Float64Array(bins);
    for (let i = 0; i < scores.length; i++)
      shares[Math.min(bins - 1, Math.floor(((scores[i]! - low) / (high - low || 1)) * bins))]! += 1 / scores.length;
    return shares;
  };
  const others = share(nonMated);
  return Math.max(0, Math.log2(share(mated).reduce((sum, value, i) => sum + Math.max(value, others[i]!), 0)));
}

/** What D↔sys would be by chance. */
export interface LinkabilityNull {
  readonly mean: number;
  /** 95 % quantile: values below are no evidence of linkability. */
  readonly q95: number;
  readonly permutations: number;
}

/** D↔sys of independent scores whose marks, mated or not, are dealt out at random; for scores of people see {@link linkabilityNullOfPeople}. */
export function linkabilityNull(
  mated: ArrayLike<number>,
  nonMated: ArrayLike<number>,
  { stream, permutations = 200 }: { readonly stream: RandomStream; readonly permutations?: number },
): LinkabilityNull {
  const pool = Float64Array.from({ length: mated.length + nonMated.length }, (_, i) =>
    i < mated.length ? mated[i]! : nonMated[i - mated.length]!,
  );
  const values = new Float64Array(permutations);
  for (let p = 0; p < permutations; p++) {
    // Only the first ones have to be at random.
    for (let i = 0; i < mated.length; i++) {
      const j = i + stream.integer(pool.length - i);
      const kept = pool[i]!;
      pool[i] = pool[j]!;
      pool[j] = kept;
    }
    values[p] = systemLinkability(linkageDensities(pool.subarray(0, mated.length), pool.subarray(mated.length)));
  }
  return nullOf(values);
}

/** Scores of every template of one set of keys with every template of another, and whose they are. */
export interface CrossedScores {
  /** `[n, n]` row-major: template i under the first keys with template j under the second. */
  readonly scores: Float64Array;
  /** Items of each person. */
  readonly items: readonly (readonly number[])[];
}

/**
 * Mated and non-mated scores where the second templates of person p are taken for those of person `other[p]`; two templates of one image
 * are left out.
 */
export function splitCrossed(
  { scores, items }: CrossedScores,
  other: ArrayLike<number>,
): { readonly mated: Float64Array; readonly nonMated: Float64Array } {
  const n = Math.sqrt(scores.length);
  const mated: number[] = [];
  const nonMated = new Float64Array(scores.length);
  let count = 0;
  items.forEach((first, p) => {
    items.forEach((second, q) => {
      first.forEach((i, a) => {
        second.forEach((j, b) => {
          const score = scores[i * n + j]!;
          if (q !== other[p]) nonMated[count++] = score;
          else if (a !== b) mated.push(score);
        });
      });
    });
  });
  return { mated: Float64Array.from(mated), nonMated: nonMated.subarray(0, count) };
}

/** People who have two images or more: they alone have mated scores. */
const several = (items: CrossedScores['items']): number[] =>
  items.flatMap((own, person) => (own.length > 1 ? [person] : []));

/**
 * Refuses people for whom linkability could not be told from chance.
 *
 * @throws BiolensError `input` for fewer than five people with two images or more, or fewer than 20 mated or non-mated scores
 */
export function checkLinkable(items: CrossedScores['items']): void {
  const people = several(items).length;
  if (people < LEAST_PEOPLE)
    throw new BiolensError('input', `unlinkability needs ${LEAST_PEOPLE} people with two images each, got ${people}`);
  const sumOf = (of: (own: number) => number): number => items.reduce((sum, own) => sum + of(own.length), 0);
  checkCounts(
    sumOf(n => n * (n - 1)),
    sumOf(n => n) ** 2 - sumOf(n => n * n),
  );
}

/**
 * What D↔sys would be by chance, with people dealt out at random: the second templates of each person are taken for those of another. Scores
 * of one person share two keys and a face, so that dealing out single scores would call chance linkability far too often. Whoever has one
 * image stays: dealt to others, he would take mated scores away from chance alone.
 *
 * @throws BiolensError as {@link checkLinkable}
 */
export function linkabilityNullOfPeople(
  crossed: CrossedScores,
  { stream, permutations = 200 }: { readonly stream: RandomStream; readonly permutations?: number },
): LinkabilityNull {
  checkLinkable(crossed.items);
  const people = several(crossed.items);
  const dealt = Uint32Array.from(people);
  const other = Uint32Array.from(crossed.items, (_, p) => p);
  const values = new Float64Array(permutations);
  for (let p = 0; p < permutations; p++) {
    stream.shuffle(dealt);
    people.forEach((person, i) => {
      other[person] = dealt[i]!;
    });
    const { mated, nonMated } = splitCrossed(crossed, other);
    values[p] = systemLinkability(densitiesOf(mated, nonMated));
  }
  return nullOf(values);
}

function nullOf(values: Float64Array): LinkabilityNull {
  values.sort();
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    q95: quantile(values, 0.95),
    permutations: values.length,
  };
}
