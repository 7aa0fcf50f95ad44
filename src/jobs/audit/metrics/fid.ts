import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { columnMeans, type Matrix, traceOfRootProduct } from '../../../ground/math/index.ts';
import { groupJackknifeInterval, jackknifeGroups } from './group-jackknife.ts';
import { addMoments, type Gaussian, groupMoments, meanAndCovariance, subtractMoments } from './moments.ts';

/** ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2(C₁C₂)^½). */
function distanceBetween(first: Gaussian, second: Gaussian): number {
  const d = first.mean.length;
  let distance = -2 * traceOfRootProduct(first.covariance, second.covariance, d);
  for (let i = 0; i < d; i++) {
    distance += (first.mean[i]! - second.mean[i]!) ** 2;
    distance += first.covariance[i * d + i]! + second.covariance[i * d + i]!;
  }
  return Math.max(0, distance);
}

/**
 * Fréchet distance between Gaussians with the means and covariances (n − 1) of two sets: FID, on the embeddings given.
 *
 * Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (NeurIPS 2017), equation 6. Works with fewer items than
 * dimensions too, but is biased upwards, the more so the fewer the items: compare sets of one size only, and see the kernel
 * distance, which has no such bias. The interval (delete-group jackknife) shows noise and not that bias.
 *
 * @param real `[n, d]`, n ≥ 2
 * @param generated `[m, d]`, m ≥ 2
 * @throws BiolensError `usage` when the widths differ
 */
export function frechetDistance(real: Matrix, generated: Matrix): Metric {
  return measureFrechet(real, generated).distance;
}

/** A Fréchet distance with what its interval is made of. */
export interface FrechetMeasurement {
  readonly distance: Metric;
  /** The distance without each group of the items of either set, for the interval of a difference; null with too few items. */
  readonly without: { readonly reference: number[]; readonly generated: number[] } | null;
}

/** See {@link frechetDistance}. */
export function measureFrechet(real: Matrix, generated: Matrix): FrechetMeasurement {
  const d = real.cols;
  if (generated.cols !== d)
    throw new BiolensError('usage', `"generated" expected rows ${d} wide, got ${generated.cols}`);
  const n = Math.min(real.rows, generated.rows);
  if (n < 2) return { distance: missingMetric('needs 2 items or more in both sets', n), without: null };
  const shift = columnMeans(real);
  const realParts = groupMoments(real, jackknifeGroups(real.rows, d), shift);
  const generatedParts = groupMoments(generated, jackknifeGroups(generated.rows, d), shift);
  const realWhole = addMoments(realParts);
  const generatedWhole = addMoments(generatedParts);
  const realGaussian = meanAndCovariance(realWhole);
  const generatedGaussian = meanAndCovariance(generatedWhole);
  const value = distanceBetween(realGaussian, generatedGaussian);
  if (realParts.length === 1 || generatedParts.length === 1)
    return { distance: { value, n, interval: null }, without: null };
  const withoutReal = realParts.map(part =>
    distanceBetween(meanAndCovariance(subtractMoments(realWhole, part)), generatedGaussian),
  );
  const withoutGenerated = generatedParts.map(part =>
    distanceBetween(realGaussian, meanAndCovariance(subtractMoments(generatedWhole, part))),
  );
  const interval = groupJackknifeInterval(value, [withoutReal, withoutGenerated]);
  return { distance: { value, n, interval }, without: { reference: withoutReal, generated: withoutGenerated } };
}
