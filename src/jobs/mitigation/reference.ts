import { foldIn, type Matrix, openStream, type RandomKey, row } from '../../ground/math/index.ts';
import { labelTarget } from './labels.ts';
import type { PictureSet } from './picture-set.ts';
import { rake } from './regulariser.ts';
import type { ResolvedTarget } from './targets.ts';

/** Images of the wanted distribution below which the whole set is the better reference. */
const LEAST = 50;

/**
 * The real images that quality is measured against: as many of a set as give the wanted distribution. Against images of the old distribution, a model whose distribution was
 * mitigated would seem worse for that alone.
 *
 * @returns `[rows, width]` embeddings; of the whole set where there is no target, or too few images of a class
 */
export function pickReference(
  set: PictureSet,
  options: { readonly targets: readonly ResolvedTarget[]; readonly classifier: string; readonly key: RandomKey },
): Matrix {
  const { targets, classifier, key } = options;
  const { embeddings, files } = set;
  if (targets.length === 0) return embeddings;
  const labelled = targets.map(target => ({
    target,
    labels: labelTarget(target, { training: set, heldout: null, classifier }, { lenient: true }),
  }));
  const weights = new Float64Array(files.length).fill(1);
  rake(weights, labelled);
  const most = weights.reduce((high, weight) => Math.max(high, weight), 0);
  const stream = openStream(foldIn(key, 'reference'));
  const kept = files.flatMap((_, i) => (stream.uniform() * most < weights[i]! ? [i] : []));
  if (!(most > 0) || kept.length < LEAST) return embeddings;
  const data = new Float32Array(kept.length * embeddings.cols);
  kept.forEach((from, i) => {
    data.set(row(embeddings, from), i * embeddings.cols);
  });
  return { rows: kept.length, cols: embeddings.cols, data };
}
