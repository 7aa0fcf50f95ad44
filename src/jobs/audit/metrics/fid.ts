import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import {
  centreRows,
  columnMeans,
  type Matrix,
  nuclearNorm,
  rowProducts,
  traceOfRootProduct,
} from '../../../ground/math/index.ts';
import { groupJackknifeInterval, jackknifeGroups } from './group-jackknife.ts';
import { addMoments, type Gaussian, groupMoments, meanAndCovariance, subtractMoments } from './moments.ts';

/** The distance without a group of the items of either set; `null` leaves out none. */
type DistanceWithout = (real: number | null, generated: number | null) => number;

interface Halves {
  readonly real: Matrix;
  readonly generated: Matrix;
  readonly groups: { readonly real: number; readonly generated: number };
}

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

/** By the covariances, `[d, d]`. */
function byColumns({ real, generated, groups }: Halves): DistanceWithout {
  const shift = columnMeans(real);
  const half = (matrix: Matrix, count: number) => {
    const parts = groupMoments(matrix, count, shift);
    const whole = addMoments(parts);
    const all = meanAndCovariance(whole);
    return (out: number | null): Gaussian =>
      out === null ? all : meanAndCovariance(subtractMoments(whole, parts[out]!));
  };
  const first = half(real, groups.real);
  const second = half(generated, groups.generated);
  return (a, b) => distanceBetween(first(a), second(b));
}

/**
 * By the products of all rows, `[n + m, n + m]`, which is quicker where there are fewer items than dimensions: with X and Y the
 * centred rows, tr(C₁C₂)^½ is the sum of the singular values of X · Yᵀ over √((n − 1)(m − 1)).
 */
function byRows({ real, generated, groups }: Halves): DistanceWithout {
  const shift = columnMeans(real);
  const total = real.rows + generated.rows;
  const rows = new Float64Array(total * real.cols);
  rows.set(centreRows(real, shift));
  rows.set(centreRows(generated, shift), real.data.length);
  const products = rowProducts(rows, total, real.cols);
  const kept = (from: number, count: number, groups: number, out: number | null) =>
    Array.from({ length: count }, (_, i) => i).flatMap(i => (out !== null && i % groups === out ? [] : [from + i]));
  return (a, b) => {
    const x = kept(0, real.rows, groups.real, a);
    const y = kept(real.rows, generated.rows, groups.generated, b);
    const [within, beyond, across] = [tableOf(products, x, x), tableOf(products, y, y), tableOf(products, x, y)];
    const distance = within.mean + beyond.mean - 2 * across.mean + within.variance + beyond.variance;
    const root = nuclearNorm(across.centred, x.length, y.length) / Math.sqrt((x.length - 1) * (y.length - 1));
    return Math.max(0, distance - 2 * root);
  };
}

/** Products of some rows with others, less the means of lines and columns; `variance` where both are the same rows. */
function tableOf(products: Float64Array, lines: readonly number[], columns: readonly number[]) {
  const total = Math.sqrt(products.length);
  const centred = Float64Array.from(lines.flatMap(i => columns.map(j => products[i * total + j]!)));
  const ofLine = lines.map(i => columns.reduce((sum, j) => sum + products[i * total + j]!, 0) / columns.length);
  const ofColumn = columns.map(j => lines.reduce((sum, i) => sum + products[i * total + j]!, 0) / lines.length);
  const mean = ofLine.reduce((sum, value) => sum + value, 0) / lines.length;
  let trace = 0;
  for (let at = 0, i = 0; i < lines.length; i++) {
    for (let j = 0; j < columns.length; j++, at++) {
      centred[at]! -= ofLine[i]! + ofColumn[j]! - mean;
      if (i === j) trace += centred[at]!;
    }
  }
  return { centred, mean, variance: trace / (lines.length - 1) };
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
  const groups = { real: jackknifeGroups(real.rows, d), generated: jackknifeGroups(generated.rows, d) };
  const halves = { real, generated, groups };
  const distance = Math.max(real.rows, generated.rows) < d ? byRows(halves) : byColumns(halves);
  const value = distance(null, null);
  if (groups.real === 1 || groups.generated === 1) return { distance: { value, n, interval: null }, without: null };
  const reference = Array.from({ length: groups.real }, (_, out) => distance(out, null));
  const withoutGenerated = Array.from({ length: groups.generated }, (_, out) => distance(null, out));
  const interval = groupJackknifeInterval(value, [reference, withoutGenerated]);
  return { distance: { value, n, interval }, without: { reference, generated: withoutGenerated } };
}
