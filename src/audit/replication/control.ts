import { type Metric, missingMetric, type Replication } from '../../contracts/index.ts';
import { type Matrix, proportionMetric, type RandomKey } from '../../math/index.ts';
import type { MatrixSource } from '../../tensor/index.ts';
import type { Pairwise } from '../pairwise.ts';
import { readRows, sampleNumbers } from '../rows.ts';
import { MIN_NULL } from './calls.ts';
import { countPairs, cutAbove, type PairHistogram } from './pair-histogram.ts';
import { HISTOGRAM_ROWS, type TrainingPairs } from './training-pairs.ts';

/** Real images next to training images that they are not copies of. */
export interface RealControl {
  readonly source: Replication['calibration']['source'];
  /** Similarities of single pairs, those of duplicates left out. */
  readonly pairs: PairHistogram;
  /** Top-1 similarities of images without a duplicate in the training set. */
  readonly top1: Float32Array;
}

function withoutDuplicates(histogram: PairHistogram, threshold: number | null): PairHistogram {
  return threshold === null ? histogram : cutAbove(histogram, threshold);
}

/**
 * The control that thresholds and p-values are set on: held-out images next to the training set where there are enough of
 * them (60), else the training images next to each other. Duplicates are left out of both: an image that is in the training
 * set is no example of one that is not.
 *
 * @param heldout `[h, d]` rows of length 1 and their top-1 similarities; null without a held-out set
 */
export async function chooseControl(
  training: MatrixSource,
  heldout: { readonly rows: Matrix; readonly top1: Float32Array } | null,
  options: {
    readonly own: TrainingPairs;
    readonly pairwise: Pairwise;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<RealControl> {
  const { own, pairwise, key, signal } = options;
  const limit = own.duplicateThreshold;
  const clean = heldout?.top1.filter(similarity => limit === null || similarity < limit);
  if (heldout === null || clean === undefined || clean.length < MIN_NULL)
    return { source: 'training-to-training', pairs: withoutDuplicates(own.histogram, limit), top1: own.top1 };
  const sample = await readRows(training, sampleNumbers(training.rows, HISTOGRAM_ROWS, key));
  const pairs = await countPairs(heldout.rows, sample, { pairwise, signal });
  return { source: 'heldout-to-training', pairs: withoutDuplicates(pairs, limit), top1: clean };
}

/** Share of held-out images that are duplicates of training images: leaked into a set that should be new to the generator. */
export function overlapOf(heldoutTop1: Float32Array | null, duplicateThreshold: number | null): Metric {
  if (heldoutTop1 === null) return missingMetric('needs a held-out set');
  if (duplicateThreshold === null)
    return missingMetric('too few training items to tell duplicates', heldoutTop1.length);
  const overlapping = heldoutTop1.filter(similarity => similarity >= duplicateThreshold).length;
  return proportionMetric(overlapping, heldoutTop1.length);
}
