import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import type { MatrixSource } from '../../../kit/tensor/index.ts';
import { otherNeighbours, type Pairwise } from '../pairwise.ts';
import { readRows, sampleNumbers } from '../rows.ts';
import { clusterLinks, type DuplicateCluster, type Link } from './duplicates.ts';
import { countPairs, type PairHistogram } from './pair-histogram.ts';
import { CERTAIN_DUPLICATE, duplicateThreshold } from './threshold.ts';

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
  /** Similarities of pairs of training items, duplicates included. */
  readonly histogram: PairHistogram;
  /** Similarity from which two training items are duplicates; null where there are too few pairs to say. */
  readonly duplicateThreshold: number | null;
  /** Row numbers of the items searched for. */
  readonly searched: Int32Array;
  /** How many of them have a duplicate. */
  readonly duplicated: number;
  readonly clusters: readonly DuplicateCluster[];
  /** Similarity of each searched item to its nearest other training item that is not its duplicate. */
  readonly top1: Float32Array;
}

interface Search {
  readonly duplicated: number;
  readonly clusters: readonly DuplicateCluster[];
  readonly top1: Float32Array;
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
  const top1: number[] = [];
  let open = searched;
  for (let k = FIRST_NEIGHBOURS; open.length > 0 && units.rows > 1; k *= 8) {
    const width = Math.min(k, units.rows - 1);
    const found = await otherNeighbours(await readRows(units, open), units, {
      k: width,
      metric: 'inner',
      pairwise,
      own: open,
      signal,
    });
    const unresolved: number[] = [];
    open.forEach((item, i) => {
      let rank = 0;
      for (; rank < width && found.scores[i * width + rank]! >= limit; rank++) {
        duplicated.add(item);
        links.push({ a: item, b: found.indices[i * width + rank]!, similarity: found.scores[i * width + rank]! });
      }
      if (rank < width) top1.push(found.scores[i * width + rank]!);
      else unresolved.push(item);
    });
    if (width === units.rows - 1 || k >= MAX_NEIGHBOURS) break;
    open = Int32Array.from(unresolved);
  }
  return { duplicated: duplicated.size, clusters: clusterLinks(links), top1: Float32Array.from(top1) };
}

/** Whether the clusters hold so many pairs that the threshold which found them was set on duplicates too. */
function crowds(clusters: readonly DuplicateCluster[], items: number): boolean {
  const pairs = clusters.reduce((sum, { rows }) => sum + (rows.length * (rows.length - 1)) / 2, 0);
  return pairs > CROWDED * items;
}

/**
 * Finds the training set's duplicates and its leave-one-out top-1 similarities with duplicates taken out.
 *
 * Duplicates come out of the baseline because it stands for unrelated pairs; they are reported on their own. Where an item has so many that their
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
  const refine = async (first: Search): Promise<number | null> => {
    const again = new Set(first.clusters.flatMap(({ rows }) => rows.slice(1)));
    return duplicateThreshold(await histogramOf(sampled.filter(item => !again.has(item))), units.rows);
  };
  let threshold = duplicateThreshold(histogram, units.rows);
  let found = await search(threshold);
  // No threshold but the highest: there are no duplicates, or so many that they hide each other.
  const guess =
    threshold === CERTAIN_DUPLICATE
      ? await search(duplicateThreshold(histogram, units.rows, { crowded: true }))
      : found;
  for (
    let pass = 0, seen = guess;
    pass < MOST_PASSES && threshold !== null && crowds(seen.clusters, searched.length);
    pass++
  ) {
    const next = await refine(seen);
    if (next === null || next >= threshold) break;
    threshold = next;
    found = await search(threshold);
    seen = found;
  }
  return { histogram, duplicateThreshold: threshold, searched, ...found };
}
