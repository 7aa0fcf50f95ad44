import { type Metric, missingMetric, type Replication } from '../../../ground/contracts/index.ts';
import { type Matrix, proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import { type MatrixSource, sourceOf } from '../../../kit/tensor/index.ts';
import type { Pairwise } from '../pairwise.ts';
import { readRows, sampleNumbers, takeRows } from '../rows.ts';
import { MIN_NULL, type NullOfHeldout, type NullOfRealImages } from './calls.ts';
import { countPairs, cutAbove, type PairHistogram } from './pair-histogram.ts';
import { NO_HELDOUT } from './relabel-lists.ts';
import { HISTOGRAM_ROWS, type TrainingPairs } from './training-pairs.ts';

/** What copies are told from: images that cannot be copies. */
export interface Controls {
  readonly source: Replication['calibration']['source'];
  readonly real: NullOfRealImages;
  readonly heldout: NullOfHeldout | null;
  /** Similarity of each held-out item to its nearest training item; null without a held-out set. */
  readonly heldoutTop1: Float32Array | null;
}

function withoutDuplicates(histogram: PairHistogram, threshold: number | null): PairHistogram {
  return threshold === null ? histogram : cutAbove(histogram, threshold);
}

/**
 * Measures the controls that thresholds and p-values are set on: held-out images next to the training set where there are enough of
 * them (60), else the training images next to each other; and the generated images next to the held-out ones. Held-out images
 * that are duplicates of training images are left out: an image that is in the training set is no example of one that is not. One training image of
 * each cluster of duplicates is compared with, so that copies of an image that occurs many times are not hidden by its look-alikes.
 *
 * @param sets rows of length 1
 */
export async function measureControls(
  sets: { readonly training: MatrixSource; readonly generated: Matrix; readonly heldout: Matrix | null },
  options: {
    readonly own: TrainingPairs;
    readonly pairwise: Pairwise;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Controls> {
  const { training, generated } = sets;
  const { own, pairwise, key, signal } = options;
  const limit = own.duplicateThreshold;
  /** Different images: a maximum over an image and its duplicates is one over the image. */
  const distinct = training.rows - own.repeats.size;
  const within = { pairs: withoutDuplicates(own.histogram, limit), top1: own.independentTop1, training: distinct };
  if (sets.heldout === null) return { source: 'training-to-training', real: within, heldout: null, heldoutTop1: null };
  const nearest = { k: 1, metric: 'inner', signal } as const;
  const { scores: heldoutTop1 } = await pairwise.neighbours(sets.heldout, training, nearest);
  const kept = Array.from(heldoutTop1.keys()).filter(i => limit === null || heldoutTop1[i]! < limit);
  const clean = takeRows(sets.heldout, kept);
  if (clean.rows === 0) return { source: 'training-to-training', real: within, heldout: null, heldoutTop1 };
  const { scores } = await pairwise.neighbours(generated, sourceOf(clean), nearest);
  const heldout = { top1: scores, heldout: clean.rows, training: distinct };
  if (clean.rows < MIN_NULL) return { source: 'training-to-training', real: within, heldout, heldoutTop1 };
  const sampled = sampleNumbers(training.rows, HISTOGRAM_ROWS, key).filter(item => !own.repeats.has(item));
  const sample = await readRows(training, sampled);
  const real = {
    pairs: await countPairs(clean, sample, { pairwise, signal }),
    top1: heldoutTop1.filter((_, i) => limit === null || heldoutTop1[i]! < limit),
    training: distinct,
  };
  return { source: 'heldout-to-training', real, heldout, heldoutTop1 };
}

/** Share of held-out images that are duplicates of training images: leaked into a set that should be new to the generator. */
export function overlapOf(heldoutTop1: Float32Array | null, duplicateThreshold: number | null): Metric {
  if (heldoutTop1 === null) return missingMetric(NO_HELDOUT);
  if (duplicateThreshold === null)
    return missingMetric('too few training items to tell duplicates', heldoutTop1.length);
  const overlapping = heldoutTop1.filter(similarity => similarity >= duplicateThreshold).length;
  return proportionMetric(overlapping, heldoutTop1.length);
}
