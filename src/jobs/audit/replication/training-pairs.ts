import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import type { MatrixSource } from '../../../kit/tensor/index.ts';
import { otherNeighbours, type Pairwise } from '../pairwise.ts';
import { readRows, sampleNumbers } from '../rows.ts';
import { clusterLinks, type DuplicateCluster, denseClusters, type Link } from './duplicates.ts';
import { countPairs, type PairHistogram } from './pair-histogram.ts';
import { duplicateThreshold, extendTail } from './threshold.ts';

/** Training rows whose pairs are all counted for the histogram: 33 million pairs. */
export const HISTOGRAM_ROWS = 8192;
/** Training rows that are searched for in the whole training set; all of them up to here. */
export const SEARCH_ROWS = 20_000;
/** Neighbours looked up at first, and at most, to get past an item's own duplicates. */
const FIRST_NEIGHBOURS = 8;
const MAX_NEIGHBOURS = 512;
/** Pairs of duplicates, for each item, from which they may have raised the threshold that they are found by. */
const CROWDED = 0.1;
const MOST_PASSES = 8;

/** What the training set looks like to itself. */
export interface TrainingPairs {
  /** Similarities of pairs of training items, of which one stands for each cluster of duplicates. */
  readonly histogram: PairHistogram;
  /** Similarity from which two training items are duplicates; null where there are too few pairs to say. */
  readonly duplicateThreshold: number | null;
  /** Row numbers of the items searched for. */
  readonly searched: Int32Array;
  /** How many of them have a duplicate. */
  readonly duplicated: number;
  readonly clusters: readonly DuplicateCluster[];
  /** Rows that a cluster's first row already stands for: what is set on training items leaves them out. */
  readonly repeats: ReadonlySet<number>;
  /** Similarity of each searched item to its nearest other training item that is not its duplicate. */
  readonly top1: Float32Array;
  /** The same of those searched items that are no repeats: what the control without a held-out set is made of. */
  readonly independentTop1: Float32Array;
}

interface Search {
  readonly duplicated: number;
  readonly clusters: readonly DuplicateCluster[];
  readonly top1: Float32Array;
  readonly independentTop1: Float32Array;
  /** Those clusters of three or more of which most pairs are links: one image's duplicates, and no chain of look-alikes. */
  readonly dense: readonly DuplicateCluster[];
  /** Similarities of each item to its nearest others, `[searched, FIRST_NEIGHBOURS]`; null where there are fewer others. */
  readonly nearest: Float32Array | null;
}

/** All rows of each cluster but its first. */
function repeatsOf(clusters: readonly DuplicateCluster[]): Set<number> {
  return new Set(clusters.flatMap(({ rows }) => rows.slice(1)));
}

/** Looks for the duplicates of some items, and for the nearest item of each that is none. */
async function searchDuplicates(
  units: MatrixSource,
  options: {
    readonly searched: Int32Array;
    /** Similarity from which two items are duplicates. */
    readonly limit: number;
    readonly pairwise: Pairwise;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Search> {
  const { searched, limit, pairwise, signal } = options;
  const links: Link[] = [];
  const duplicated = new Set<number>();
  const top1 = new Map<number, number>();
  let nearest: Float32Array | null = null;
  let open = searched;
  for (let k = FIRST_NEIGHBOURS, known = 0; open.length > 0 && units.rows > 1; k *= 8) {
    const width = Math.min(k, units.rows - 1);
    const found = await otherNeighbours(await readRows(units, open), units, {
      k: width,
      metric: 'inner',
      pairwise,
      own: open,
      signal,
    });
    if (k === FIRST_NEIGHBOURS && width === k) nearest = found.scores;
    const unresolved: number[] = [];
    open.forEach((item, i) => {
      let rank = known;
      for (; rank < width && found.scores[i * width + rank]! >= limit; rank++) {
        duplicated.add(item);
        links.push({ a: item, b: found.indices[i * width + rank]!, similarity: found.scores[i * width + rank]! });
      }
      if (rank < width) top1.set(item, found.scores[i * width + rank]!);
      else unresolved.push(item);
    });
    if (width === units.rows - 1 || k >= MAX_NEIGHBOURS) break;
    open = Int32Array.from(unresolved);
    known = width;
  }
  const clusters = clusterLinks(links);
  const repeats = repeatsOf(clusters);
  return {
    dense: denseClusters(clusters, links),
    nearest,
    duplicated: duplicated.size,
    clusters,
    top1: Float32Array.from(top1.values()),
    independentTop1: Float32Array.from([...top1].filter(([item]) => !repeats.has(item)).map(([, score]) => score)),
  };
}

/** Whether the clusters hold so many pairs that the threshold which found them was set on duplicates too. */
function crowds(clusters: readonly DuplicateCluster[], items: number): boolean {
  const pairs = clusters.reduce((sum, { rows }) => sum + (rows.length * (rows.length - 1)) / 2, 0);
  return pairs > CROWDED * items;
}

/**
 * A first guess at the duplicate threshold where duplicates may fill the tail of all pairs: the tail of the pairs of a typical item, taken from the
 * medians over all items of their similarity to the 4th and the 8th nearest. An image that is up to half of the set moves neither.
 *
 * @returns null where no items have two others that near: then no image occurs so often that it hides
 */
function guessThreshold({ nearest }: Search, rows: number): number | null {
  if (nearest === null) return null;
  const items = nearest.length / FIRST_NEIGHBOURS;
  const ranked = (rank: number) =>
    Float32Array.from({ length: items }, (_, i) => nearest[i * FIRST_NEIGHBOURS + rank - 1]!);
  const half = FIRST_NEIGHBOURS / 2;
  const medianOf = (values: Float32Array) => values.slice().sort()[items >> 1]!;
  const guess = extendTail({
    near: { similarity: medianOf(ranked(half)), share: half / rows },
    far: { similarity: medianOf(ranked(FIRST_NEIGHBOURS)), share: FIRST_NEIGHBOURS / rows },
    rows,
  });
  return ranked(2).some(similarity => similarity >= guess) ? guess : null;
}

/**
 * Finds the training set's duplicates and its leave-one-out top-1 similarities with duplicates taken out.
 *
 * One item of each cluster of duplicates stands for it in the histogram and in the control: an item that occurs a hundred times would otherwise
 * fill their tails with its own look-alikes, a hundred times over, and hide its own copies. Clusters are reported on their own. Where an item has so many that their
 * pairs fill the tail on which their own threshold is set, one of each cluster is kept and the threshold set anew, until that finds no more. With more than
 * 20,000 training items a random 20,000 are searched for among all; pairs of others are not seen.
 *
 * @param units training rows of length 1, centred or not
 */
export async function examineTraining(
  units: MatrixSource,
  options: { readonly pairwise: Pairwise; readonly key: RandomKey; readonly signal?: AbortSignal | undefined },
): Promise<TrainingPairs> {
  const { pairwise, key, signal } = options;
  const sampled = sampleNumbers(units.rows, HISTOGRAM_ROWS, foldIn(key, 'histogram'));
  const histogramOf = async (numbers: Int32Array): Promise<PairHistogram> => {
    const sample = await readRows(units, numbers);
    return countPairs(sample, sample, { pairwise, sameSet: true, signal });
  };
  const histogram = await histogramOf(sampled);
  const searched = sampleNumbers(units.rows, SEARCH_ROWS, foldIn(key, 'search'));
  const search = (limit: number | null) =>
    searchDuplicates(units, { searched, limit: limit ?? Number.POSITIVE_INFINITY, pairwise, signal });
  /** The threshold by one item of each cluster that a first one finds. */
  const refine = async (clusters: readonly DuplicateCluster[]): Promise<number | null> => {
    const repeats = repeatsOf(clusters);
    return duplicateThreshold(await histogramOf(sampled.filter(item => !repeats.has(item))), units.rows);
  };
  let threshold = duplicateThreshold(histogram, units.rows);
  let found = await search(threshold);
  const guess = guessThreshold(found, units.rows);
  // Duplicates may be so many that they hide each other from a threshold set on all pairs.
  const hidden = guess !== null && threshold !== null && guess < threshold;
  let seen = hidden ? (await search(guess)).dense : found.clusters;
  for (let pass = 0; pass < MOST_PASSES && threshold !== null && crowds(seen, searched.length); pass++) {
    const refined = await refine(seen);
    // Duplicates that are left may fill the tail still; the guess does not look at it.
    const next = hidden && pass === 0 && (refined === null || refined >= threshold) ? guess : refined;
    if (next === null || next >= threshold) break;
    threshold = next;
    found = await search(threshold);
    seen = found.clusters;
  }
  const repeats = repeatsOf(found.clusters);
  const independent = repeats.size === 0 ? histogram : await histogramOf(sampled.filter(item => !repeats.has(item)));
  return { histogram: independent, duplicateThreshold: threshold, searched, repeats, ...found };
}

interface FindOptions {
  /** Similarity from which two items are duplicates. */
  readonly limit: number;
  readonly pairwise: Pairwise;
  readonly signal?: AbortSignal | undefined;
}

/** Clusters of rows that are duplicates of each other, and how many rows are in one. */
export async function findDuplicates(
  units: MatrixSource,
  options: FindOptions,
): Promise<Pick<TrainingPairs, 'duplicated' | 'clusters'>> {
  const searched = Int32Array.from({ length: units.rows }, (_, i) => i);
  return searchDuplicates(units, { signal: undefined, ...options, searched });
}

/** Rows of a set that an earlier row already stands for: all rows of each cluster of duplicates but its first. */
export async function findRepeats(units: MatrixSource, options: FindOptions): Promise<Set<number>> {
  return repeatsOf((await findDuplicates(units, options)).clusters);
}
