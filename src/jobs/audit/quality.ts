import { type Metric, missingMetric, type Quality } from '../../ground/contracts/index.ts';
import { foldIn, type Matrix, type RandomKey } from '../../ground/math/index.ts';
import type { EmbeddedSets } from './embedded-sets.ts';
import { type FrechetMeasurement, measureFrechet } from './metrics/fid.ts';
import { featureLikelihoodDivergence } from './metrics/fld.ts';
import { kernelDistance } from './metrics/kid.ts';
import { prdc } from './metrics/prdc.ts';
import { vendi } from './metrics/vendi.ts';
import type { Pairwise } from './pairwise.ts';
import { type AuditProgress, stepCounter } from './progress.ts';
import { readRows, sampleNumbers, sampleRows } from './rows.ts';

/** Rows of each set that the metrics over all pairs are computed on; more are sampled down. */
const PAIR_ROWS = 5000;
/** Rows of each set that moments are taken of. */
const MOMENT_ROWS = 50_000;

interface QualityOptions {
  readonly pairwise: Pairwise;
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How realistic and how varied the generated items are, on the embeddings as they came.
 *
 * The reference is the held-out set, which the generator cannot have copied, or the training set where there is none: then a
 * generator that copies looks perfect. With more than 5,000 items a set (50,000 for FID and Vendi) a random sample is used, and
 * `n` says how many.
 */
export async function* measureQuality(
  sets: EmbeddedSets,
  options: QualityOptions,
): AsyncGenerator<AuditProgress, Quality> {
  return (yield* measureQualityParts(sets, options)).quality;
}

/** See {@link measureQuality}; with what the interval of a difference of two Fréchet distances needs. */
export async function* measureQualityParts(
  sets: EmbeddedSets,
  options: QualityOptions,
): AsyncGenerator<AuditProgress, { readonly quality: Quality; readonly fidWithout: FrechetMeasurement['without'] }> {
  const { pairwise, key, signal } = options;
  const step = stepCounter('quality', 4);
  const trainingRows = (limit: number): Promise<Matrix> =>
    readRows(sets.training.rows, sampleNumbers(sets.training.rows.rows, limit, foldIn(key, 'training')));
  const heldout = sets.heldout?.rows;
  const reference = heldout ?? (await trainingRows(MOMENT_ROWS));

  yield step('Fréchet distance');
  const { distance: fid, without } = measureFrechet(
    sampleRows(reference, MOMENT_ROWS, foldIn(key, 'reference')),
    sampleRows(sets.generated.rows, MOMENT_ROWS, foldIn(key, 'generated')),
  );
  yield step('variety');
  const { q1 } = vendi(sampleRows(sets.generated.rows, MOMENT_ROWS, foldIn(key, 'vendi')));
  yield step('kernel distance, precision and recall');
  const real = sampleRows(reference, PAIR_ROWS, foldIn(key, 'reference pairs'));
  const generated = sampleRows(sets.generated.rows, PAIR_ROWS, foldIn(key, 'generated pairs'));
  const kid = await kernelDistance(real, generated, { pairwise, signal });
  const { precision, recall, density, coverage } = await prdc(real, generated, { pairwise, signal });
  yield step('feature likelihood');
  let fld: Metric = missingMetric('needs a held-out set');
  let fldGap = fld;
  if (heldout !== undefined)
    ({ fld, gap: fldGap } = await featureLikelihoodDivergence(
      { training: await trainingRows(PAIR_ROWS), heldout, generated: sets.generated.rows },
      { pairwise, key: foldIn(key, 'fld'), signal },
    ));
  const quality: Quality = {
    reference: heldout === undefined ? 'training' : 'heldout',
    fid,
    kid,
    precision,
    recall,
    density,
    coverage,
    vendi: q1,
    fld,
    fldGap,
  };
  return { quality, fidWithout: without };
}
