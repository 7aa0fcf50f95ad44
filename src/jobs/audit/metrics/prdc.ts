import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type Matrix, meanMetric, proportionMetric } from '../../../ground/math/index.ts';
import { type Pairwise, visitSquaredDistances } from '../pairwise.ts';

export interface Prdc {
  /** Share of generated items inside the ball of a real one: how realistic. */
  readonly precision: Metric;
  /** Share of real items inside the ball of a generated one: how much of reality is generated. */
  readonly recall: Metric;
  /** Real balls that a generated item is in, over k: realistic, with outliers in the real set counting for little; may exceed 1. */
  readonly density: Metric;
  /** Share of real items whose ball holds a generated item: how much of reality is covered. */
  readonly coverage: Metric;
}

/** Neighbours that set the radius of a ball, as in the paper. */
export const PRDC_NEIGHBOURS = 5;

/**
 * Precision, recall, density and coverage with balls that reach to the k-th nearest neighbour in the same set.
 *
 * Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models" (ICML 2020), equations 1 to 6: an item is its
 * own neighbour nowhere, and a ball holds what is strictly nearer than its radius. Intervals take the balls as given:
 * Wilson's for the shares, Student's for the density.
 *
 * @param real `[n, d]`, n > k
 * @param generated `[m, d]`, m > k
 * @throws BiolensError `usage` when `k` is not a whole number of at least 1
 */
export async function prdc(
  real: Matrix,
  generated: Matrix,
  options: { readonly pairwise: Pairwise; readonly k?: number; readonly signal?: AbortSignal | undefined },
): Promise<Prdc> {
  const { pairwise, k = PRDC_NEIGHBOURS, signal } = options;
  if (!Number.isInteger(k) || k < 1) throw new BiolensError('usage', `"k" expected a whole number from 1, got ${k}`);
  if (real.rows <= k || generated.rows <= k) {
    const missing = missingMetric(`needs more than ${k} items in both sets`, Math.min(real.rows, generated.rows));
    return { precision: missing, recall: missing, density: missing, coverage: missing };
  }
  const realRadii = await squaredRadii(real, { pairwise, k, signal });
  const generatedRadii = await squaredRadii(generated, { pairwise, k, signal });
  const balls = new Float64Array(generated.rows);
  const recalled = new Uint8Array(real.rows);
  const covered = new Uint8Array(real.rows);
  await visitSquaredDistances(real, generated, {
    pairwise,
    signal,
    visit: (i, j, squared) => {
      if (squared < realRadii[i]!) {
        balls[j]!++;
        covered[i] = 1;
      }
      if (squared < generatedRadii[j]!) recalled[i] = 1;
    },
  });
  const count = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);
  return {
    precision: proportionMetric(balls.filter(held => held > 0).length, generated.rows),
    recall: proportionMetric(count(recalled), real.rows),
    density: meanMetric(balls.map(held => held / k)),
    coverage: proportionMetric(count(covered), real.rows),
  };
}

async function squaredRadii(
  matrix: Matrix,
  options: { readonly pairwise: Pairwise; readonly k: number; readonly signal?: AbortSignal | undefined },
): Promise<Float64Array> {
  const { k } = options;
  // The k smallest distances of each row so far, in ascending order.
  const smallest = new Float64Array(matrix.rows * k).fill(Number.POSITIVE_INFINITY);
  await visitSquaredDistances(matrix, matrix, {
    ...options,
    visit: (i, j, squared) => {
      if (i === j) return;
      let place = (i + 1) * k - 1;
      if (squared >= smallest[place]!) return;
      for (; place > i * k && smallest[place - 1]! > squared; place--) smallest[place] = smallest[place - 1]!;
      smallest[place] = squared;
    },
  });
  return Float64Array.from({ length: matrix.rows }, (_, i) => smallest[(i + 1) * k - 1]!);
}
