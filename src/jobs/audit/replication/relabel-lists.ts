import type { Replication } from '../../../ground/contracts/index.ts';
import type { RandomKey } from '../../../ground/math/index.ts';
import { meanTop1Statistic, relabellingTest } from './relabelling.ts';

/** Why what needs a held-out set is missing. */
export const NO_HELDOUT = 'needs a held-out set';

/** The relabelling test where it could not be run. */
export const noRelabelling = (reason: string): Replication['permutation'] => ({
  p: null,
  statistic: 'mean top-1 similarity',
  observed: null,
  permutations: 0,
  reason,
});

/** Items of a set most like a generated one, most alike first. */
export type NearestList = readonly { readonly index: number; readonly similarity: number }[];

/** Items of a list that the test looks at. */
export const RELABELLING_LISTED = 64;

/**
 * The relabelling test where the nearest items are known of each set by itself: the {@link RELABELLING_LISTED} nearest of each, or all there are, each
 * item of a set standing for its duplicates.
 *
 * @param lists of each generated item: its nearest training items, and its nearest held-out ones
 */
export function relabelLists(
  lists: readonly { readonly training: NearestList; readonly heldout: NearestList }[],
  options: {
    /** Items of each set. */
    readonly units: { readonly training: number; readonly heldout: number };
    readonly permutations: number;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): Replication['permutation'] {
  const { units, ...how } = options;
  const indices = new Int32Array(lists.length * RELABELLING_LISTED);
  const scores = new Float32Array(indices.length);
  for (const [row, { training, heldout }] of lists.entries()) {
    const pooled = [
      ...training,
      ...heldout.map(({ index, similarity }) => ({ index: units.training + index, similarity })),
    ].sort((a, b) => b.similarity - a.similarity || a.index - b.index);
    for (let rank = 0; rank < RELABELLING_LISTED; rank++) {
      // A list that ends early goes on with its last entry.
      const { index, similarity } = pooled[Math.min(rank, pooled.length - 1)]!;
      indices[row * RELABELLING_LISTED + rank] = index;
      scores[row * RELABELLING_LISTED + rank] = similarity;
    }
  }
  return {
    ...relabellingTest(meanTop1Statistic({ k: RELABELLING_LISTED, indices, scores }), { ...units, ...how }),
    units,
  };
}
