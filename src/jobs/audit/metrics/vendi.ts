import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { type Matrix, rowProducts, symmetricEigenvalues } from '../../../ground/math/index.ts';
import { normaliseRows } from '../rows.ts';
import { groupJackknifeInterval, jackknifeGroups } from './group-jackknife.ts';
import { addMoments, groupMoments, subtractMoments } from './moments.ts';

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

/** The eigenvalues of the kernel, but for zeros, without a group of the items; `null` leaves out none. */
type EigenvaluesWithout = (out: number | null) => Float64Array;

/** By the second moment of the rows, `[d, d]`. */
function byColumns(rows: Matrix, groups: number): EigenvaluesWithout {
  const parts = groupMoments(rows, groups, new Float64Array(rows.cols));
  const whole = addMoments(parts);
  return out => {
    const { outer, n } = out === null ? whole : subtractMoments(whole, parts[out]!);
    return symmetricEigenvalues(
      outer.map(value => value / n),
      rows.cols,
    );
  };
}

/** By the kernel, `[n, n]`, which is quicker where there are fewer items than dimensions. */
function byRows({ rows: n, cols, data }: Matrix, groups: number): EigenvaluesWithout {
  const kernel = rowProducts(Float64Array.from(data), n, cols);
  return out => {
    const kept = Array.from({ length: n }, (_, i) => i).filter(i => out === null || i % groups !== out);
    const part = Float64Array.from(kept.flatMap(i => kept.map(j => kernel[i * n + j]! / kept.length)));
    return symmetricEigenvalues(part, kept.length);
  };
}

/**
 * Vendi score of embeddings under the cosine kernel: the effective number of different items, 1 to n.
 *
 * Friedman and Dieng, "The Vendi Score" (TMLR 2023), definition 3.1; orders 2 and ∞ from Pasarkar and Dieng, "Cousins of the
 * Vendi Score" (2023). The eigenvalues of the n × n kernel are those of the d × d second moment of the rows at length 1: the
 * smaller one is decomposed. Grows with n where variety is unbounded: compare sets of one size. Intervals: delete-group jackknife.
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
  const eigenvalues = (n < d ? byRows : byColumns)(normaliseRows(matrix), groups);
  const all = eigenvalues(null);
  const without = groups > 1 ? Array.from({ length: groups }, (_, out) => eigenvalues(out)) : [];
  const metric = (order: VendiOrder): Metric => {
    const value = diversity(all, order);
    const left = without.map(values => diversity(values, order));
    return { value, n, interval: left.length > 0 ? groupJackknifeInterval(value, [left]) : null };
  };
  return { q1: metric(1), q2: metric(2), qInfinity: metric(Number.POSITIVE_INFINITY) };
}
