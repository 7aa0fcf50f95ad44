import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { type Matrix, symmetricEigenvalues } from '../../../ground/math/index.ts';
import { normaliseRows } from '../rows.ts';
import { groupJackknifeInterval, jackknifeGroups } from './group-jackknife.ts';
import { addMoments, groupMoments, type Moments, subtractMoments } from './moments.ts';

export interface Vendi {
  /** Order 1: exponential of the Shannon entropy of the eigenvalues; the score usually meant. */
  readonly q1: Metric;
  /** Order 2: rare kinds of item count less. */
  readonly q2: Metric;
  /** Order ∞: one over the largest eigenvalue; only the commonest kind counts. */
  readonly qInfinity: Metric;
}

/** Order of the diversity: 1, 2 or ∞. */
export type VendiOrder = 1 | 2 | typeof Number.POSITIVE_INFINITY;

function diversity(eigenvalues: ArrayLike<number>, order: number): number {
  let entropy = 0;
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < eigenvalues.length; i++) {
    const value = Math.max(0, eigenvalues[i]!);
    if (value > 0) entropy -= value * Math.log(value);
    squares += value * value;
    largest = Math.max(largest, value);
  }
  if (order === 1) return Math.exp(entropy);
  return order === 2 ? 1 / squares : 1 / largest;
}

/**
 * Vendi score of a kernel matrix with ones on its diagonal: the effective number of different items.
 *
 * @param kernel `[n][n]` similarities, symmetric and positive semi-definite
 * @param order 1, 2 or ∞
 */
export function vendiOfKernel(kernel: readonly (readonly number[])[], order: VendiOrder): number {
  const n = kernel.length;
  return diversity(
    symmetricEigenvalues(
      Float64Array.from(kernel.flat(), value => value / n),
      n,
    ),
    order,
  );
}

/**
 * Vendi score of embeddings under the cosine kernel: the effective number of different items, 1 to n.
 *
 * Friedman and Dieng, "The Vendi Score" (TMLR 2023), definition 3.1; orders 2 and ∞ from Pasarkar and Dieng, "Cousins of the
 * Vendi Score" (2023). The eigenvalues of the n × n kernel are those of the d × d second moment of the rows at length 1, which is
 * what is decomposed. Grows with n where variety is unbounded: compare sets of one size. Intervals: delete-group jackknife.
 *
 * @param matrix `[n, d]`, n ≥ 1
 */
export function vendi(matrix: Matrix): Vendi {
  const { rows: n, cols: d } = matrix;
  if (n === 0) {
    const missing = missingMetric('no items');
    return { q1: missing, q2: missing, qInfinity: missing };
  }
  const groups = jackknifeGroups(n, d);
  const parts = groupMoments(normaliseRows(matrix), groups, new Float64Array(d));
  const whole = addMoments(parts);
  const eigenvaluesOf = (moments: Moments): Float64Array =>
    symmetricEigenvalues(
      moments.outer.map(value => value / moments.n),
      d,
    );
  const all = eigenvaluesOf(whole);
  const without = groups > 1 ? parts.map(part => eigenvaluesOf(subtractMoments(whole, part))) : [];
  const metric = (order: VendiOrder): Metric => {
    const value = diversity(all, order);
    const left = without.map(values => diversity(values, order));
    return { value, n, interval: left.length > 0 ? groupJackknifeInterval(value, [left]) : null };
  };
  return { q1: metric(1), q2: metric(2), qInfinity: metric(Number.POSITIVE_INFINITY) };
}
