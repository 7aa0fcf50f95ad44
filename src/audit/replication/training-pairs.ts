import { foldIn, type RandomKey } from '../../math/index.ts';
import type { MatrixSource } from '../../tensor/index.ts';
import { otherNeighbours, type Pairwise } from '../pairwise.ts';
import { readRows, sampleNumbers } from '../rows.ts';
import { clusterLinks, type DuplicateCluster, type Link } from './duplicates.ts';
import { countPairs, type PairHistogram } from './pair-histogram.ts';
import { duplicateThreshold } from './threshold.ts';

/** Training rows whose pairs are all counted for the histogram: 33 million pairs. */
export const HISTOGRAM_ROWS = 8192;
/** Training rows that are searched for in the whole training set; all of them up to here. */
export const SEARCH_ROWS = 20_000;
/** Neighbours looked up at first, and at most, to get past an item's own duplicates. */
const FIRST_NEIGHBOURS = 8;
const MAX_NEIGHBOURS = 512;

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

/**
 * Finds the training set's duplicates and its leave-one-out top-1 similarities with duplicates taken out.
 *
 * Duplicates come out of the baseline because it stands for unrelated pairs; they are reported on their own. With more than
 * 20,000 training items a random 20,000 are searched for among all; pairs of others are not seen.
 *
 * @param units training rows of length 1, centred or not
 */
export async function examineTraining(
  units: MatrixSource,
  options: { readonly pairwise: Pairwise; readonly key: RandomKey; readonly signal?: AbortSignal | undefined },
): Promise<TrainingPairs> {
  const { pairwise, key, signal } = options;
  const sample = await readRows(units, sampleNumbers(units.rows, HISTOGRAM_ROWS, foldIn(key, 'histogram')));
  const histogram = await countPairs(sample, sample, { pairwise, sameSet: true, signal });
  const threshold = duplicateThreshold(histogram, units.rows);
  const limit = threshold ?? Number.POSITIVE_INFINITY;
  const searched = sampleNumbers(units.rows, SEARCH_ROWS, foldIn(key, 'search'));
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
  return {
    histogram,
    duplicateThreshold: threshold,
    searched,
    duplicated: duplicated.size,
    clusters: clusterLinks(links),
    top1: Float32Array.from(top1),
  };
}
