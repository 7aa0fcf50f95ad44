import type { Replication } from '../../../ground/contracts/index.ts';
import { foldIn, type Matrix, type RandomKey } from '../../../ground/math/index.ts';
import { type MatrixSource, sourceOf } from '../../../kit/tensor/index.ts';
import type { Pairwise } from '../pairwise.ts';
import { appendRows, mapSource, meanRow, normaliseRows, readRows, takeRows } from '../rows.ts';
import { noRelabelling } from './relabel-lists.ts';
import { meanTop1Statistic, relabellingTest } from './relabelling.ts';
import { findRepeats, type TrainingPairs } from './training-pairs.ts';

/** Pooled neighbours of each generated item that a relabelling can fall back on. */
const RELABELLING_NEIGHBOURS = 32;

interface Common {
  readonly pairwise: Pairwise;
  readonly signal?: AbortSignal | undefined;
}

/** The rows of a source but for some, in their order. */
function without(source: MatrixSource, left: ReadonlySet<number>): MatrixSource {
  if (left.size === 0) return source;
  const rows = Int32Array.from({ length: source.rows }, (_, i) => i).filter(row => !left.has(row));
  return {
    rows: rows.length,
    cols: source.cols,
    read: async (start, count) => (await readRows(source, rows.subarray(start, start + count))).data,
  };
}

/** Held-out rows that are no images of their own: duplicates of training images, and of earlier held-out ones. */
async function heldoutRepeats(
  heldout: Matrix,
  { own, heldoutTop1, ...common }: Common & { readonly own: TrainingPairs; readonly heldoutTop1: Float32Array },
): Promise<Set<number>> {
  const limit = own.duplicateThreshold;
  if (limit === null) return new Set();
  const repeats = await findRepeats(sourceOf(heldout), { limit, ...common });
  heldoutTop1.forEach((similarity, i) => {
    if (similarity >= limit) repeats.add(i);
  });
  return repeats;
}

/**
 * The relabelling test of training against held-out images. What is relabelled is clusters of duplicates, each by its first image: duplicates share
 * their fate, and relabelled one by one they would make every relabelling hold more different training images than there are, or fewer. A held-out
 * image that is in the training set too is left out.
 *
 * Similarities are centred by the mean of both sets together: centring by the training items alone would tell the test which they are.
 *
 * @param sets embeddings as they came
 * @param options.heldoutUnits held-out rows of length 1, centred as `own` was
 */
export async function relabel(
  sets: { readonly training: MatrixSource; readonly generated: Matrix; readonly heldout: Matrix },
  options: Common & {
    readonly own: TrainingPairs;
    readonly heldoutUnits: Matrix;
    readonly heldoutTop1: Float32Array;
    readonly centred: boolean;
    readonly permutations: number;
    readonly key: RandomKey;
  },
): Promise<Replication['permutation']> {
  const { own, heldoutUnits, heldoutTop1, centred, permutations, key, pairwise, signal } = options;
  const training = without(sets.training, own.repeats);
  const left = await heldoutRepeats(heldoutUnits, { own, heldoutTop1, pairwise, signal });
  const kept = Array.from({ length: sets.heldout.rows }, (_, i) => i).filter(i => !left.has(i));
  const units = { training: training.rows, heldout: kept.length };
  if (kept.length === 0) return { ...noRelabelling('every held-out image is in the training set too'), units };
  const pool = appendRows(training, takeRows(sets.heldout, kept));
  const centre = centred ? await meanRow(pool, { signal }) : undefined;
  const unit = (matrix: Matrix): Matrix => normaliseRows(matrix, centre);
  const lists = await pairwise.neighbours(unit(sets.generated), mapSource(pool, unit), {
    k: Math.min(RELABELLING_NEIGHBOURS, pool.rows),
    metric: 'inner',
    signal,
  });
  const test = relabellingTest(meanTop1Statistic(lists), {
    training: units.training,
    heldout: units.heldout,
    permutations,
    key: foldIn(key, 'relabel'),
    signal,
  });
  return { ...test, units };
}
