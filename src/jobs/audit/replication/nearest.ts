import type { Matrix } from '../../../ground/math/index.ts';
import { sourceOf } from '../../../kit/tensor/index.ts';
import type { EmbeddedSets } from '../embedded-sets.ts';
import type { Pairwise } from '../pairwise.ts';
import { mapSource, meanRow, normaliseRows } from '../rows.ts';

/**
 * Similarity of items to their nearest training item and to their nearest held-out one, as an audit measures it: the cosine of embeddings less the mean
 * training embedding.
 *
 * @param items `[n, d]`
 * @returns `[n]` each; null without a held-out set
 */
export async function nearestSimilarities(
  items: Matrix,
  { training, heldout }: Pick<EmbeddedSets, 'training' | 'heldout'>,
  { pairwise, signal }: { readonly pairwise: Pairwise; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly training: Float32Array; readonly heldout: Float32Array | null }> {
  const centre = await meanRow(training.rows, { signal });
  const unit = (matrix: Matrix): Matrix => normaliseRows(matrix, centre);
  const queries = unit(items);
  const options = { k: 1, metric: 'inner', signal } as const;
  const toTraining = await pairwise.neighbours(queries, mapSource(training.rows, unit), options);
  const toHeldout = heldout === null ? null : await pairwise.neighbours(queries, sourceOf(unit(heldout.rows)), options);
  return { training: toTraining.scores, heldout: toHeldout?.scores ?? null };
}
