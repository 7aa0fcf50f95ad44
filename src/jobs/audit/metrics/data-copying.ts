import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { foldIn, kMeans, type Matrix, pca, projectPca, type RandomKey, row } from '../../../ground/math/index.ts';
import { type MatrixSource, sourceOf } from '../../../kit/tensor/index.ts';
import { normalInterval } from '../estimates.ts';
import type { Pairwise } from '../pairwise.ts';
import { eachBlock, mapSource, readRows, sampleNumbers, takeRows } from '../rows.ts';

/** Cells, width after the projection, and least number of generated items in a cell that counts. */
export const DATA_COPYING_DEFAULTS = { cells: 3, components: 64, minGenerated: 20 } as const;
/** Training rows that the projection and the cells are fitted to; more are sampled down. */
const FIT_ROWS = 20_000;

interface RankScore {
  readonly z: number;
  /** Variance of `z` when the two laws differ (DeLong). */
  readonly variance: number;
}

/**
 * Z-scored Mann-Whitney statistic of distances to the nearest training item: strongly negative says that generated items are
 * nearer to the training set than held-out ones are.
 *
 * Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models" (AISTATS 2020),
 * section 3.1: U = #{(g, p): L(g) > L(p)}, Z = (U − (nm/2 − ½)) / √(nm(n + m + 1)/12). Ties count nothing, as there.
 *
 * @param heldout `[n]` distances of held-out items
 * @param generated `[m]` distances of generated items
 */
export function rankZ(heldout: ArrayLike<number>, generated: ArrayLike<number>): RankScore {
  const n = heldout.length;
  const m = generated.length;
  const sortedHeldout = Float64Array.from(heldout).sort();
  const sortedGenerated = Float64Array.from(generated).sort();
  const below = Float64Array.from(generated, value => countBelow(sortedHeldout, value) / n);
  const above = Float64Array.from(heldout, value => (m - countAtMost(sortedGenerated, value)) / m);
  const wins = below.reduce((sum, share) => sum + share, 0) * n;
  const spread = Math.sqrt((n * m * (n + m + 1)) / 12);
  const ofU = (n * m) ** 2 * (sampleVariance(below) / m + sampleVariance(above) / n);
  return { z: (wins - (n * m) / 2 + 0.5) / spread, variance: ofU / spread ** 2 };
}

function countBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countAtMost(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sampleVariance(values: Float64Array): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/**
 * Z_U over whole sets: {@link rankZ} of the Euclidean distances to the nearest training item.
 *
 * @param sets `training` `[l, d]`, `heldout` `[n, d]`, `generated` `[m, d]`
 */
export async function zU(
  sets: { readonly training: Matrix; readonly heldout: Matrix; readonly generated: Matrix },
  options: { readonly pairwise: Pairwise; readonly signal?: AbortSignal | undefined },
): Promise<Metric> {
  const { training, heldout, generated } = sets;
  if (training.rows < 1 || heldout.rows < 2 || generated.rows < 2)
    return missingMetric('needs 2 held-out and 2 generated items or more', generated.rows);
  const { pairwise, signal } = options;
  const nearest = async (queries: Matrix): Promise<Float32Array> =>
    (await pairwise.neighbours(queries, sourceOf(training), { k: 1, metric: 'euclidean', signal })).scores;
  const { z, variance } = rankZ(await nearest(heldout), await nearest(generated));
  return { value: z, n: generated.rows, interval: normalInterval(z, Math.sqrt(variance), { method: 'delong' }) };
}

/**
 * C_T: the Z_U of every cell of a partition, averaged by the held-out items in it. About standard normal for a generator whose
 * items are as far from the training set as held-out ones; below −3 says copying, above 3 underfitting.
 *
 * Meehan et al. (AISTATS 2020), section 3.2, with cells from k-means (3) on the training items after a projection to 64
 * principal components, and cells left out that hold fewer than 20 generated items. Deviations: a cell without training or
 * held-out items is left out rather than an error; with more than 20,000 training items the partition is fitted to a sample.
 * The interval is DeLong's, which stays right when the two laws differ.
 *
 * A generator that copies nothing can still be far from 0, because its items differ from real ones in other ways: this
 * is why the audit rests on the relabelling test and shows C_T beside it.
 *
 * @param sets `training` `[l, d]`, `heldout` `[n, d]`, `generated` `[m, d]`
 */
export async function dataCopying(
  sets: { readonly training: MatrixSource; readonly heldout: Matrix; readonly generated: Matrix },
  options: {
    readonly pairwise: Pairwise;
    readonly key: RandomKey;
    readonly cells?: number;
    readonly components?: number;
    readonly minGenerated?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Metric> {
  const { pairwise, key, signal, ...given } = options;
  const { cells, components, minGenerated } = { ...DATA_COPYING_DEFAULTS, ...given };
  const { training, heldout, generated } = sets;
  if (training.rows < cells) return missingMetric(`needs ${cells} training items or more`, training.rows);
  let project = (matrix: Matrix): Matrix => matrix;
  let fitted = await readRows(training, sampleNumbers(training.rows, FIT_ROWS, foldIn(key, 'fit')));
  if (training.cols > components) {
    const model = pca(fitted, { components: Math.min(components, fitted.rows - 1) });
    project = matrix => projectPca(model, matrix);
    fitted = project(fitted);
  }
  const { centres } = kMeans(fitted, { k: cells, key: foldIn(key, 'cells') });
  const projected = { heldout: project(heldout), generated: project(generated) };
  const members = {
    heldout: membersOf(projected.heldout, centres),
    generated: membersOf(projected.generated, centres),
  };
  const source = mapSource(training, project, centres.cols);
  let weight = 0;
  let sum = 0;
  let variance = 0;
  for (let cell = 0; cell < cells; cell++) {
    const held = members.heldout[cell]!;
    const made = members.generated[cell]!;
    if (made.length <= minGenerated || held.length < 2) continue;
    const near = await nearestInCell(source, [takeRows(projected.heldout, held), takeRows(projected.generated, made)], {
      centres,
      cell,
      pairwise,
      signal,
    });
    if (near === null) continue;
    const score = rankZ(near[0]!, near[1]!);
    weight += held.length;
    sum += held.length * score.z;
    variance += held.length ** 2 * score.variance;
  }
  if (weight === 0)
    return missingMetric(`no cell holds more than ${minGenerated} generated and 2 held-out items`, generated.rows);
  const value = sum / weight;
  return {
    value,
    n: generated.rows,
    interval: normalInterval(value, Math.sqrt(variance) / weight, { method: 'delong' }),
  };
}

function cellOf(values: Float32Array, centres: Matrix): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < centres.rows; c++) {
    const centre = row(centres, c);
    let squared = 0;
    for (let j = 0; j < values.length; j++) squared += (values[j]! - centre[j]!) ** 2;
    if (squared < least) {
      least = squared;
      best = c;
    }
  }
  return best;
}

function membersOf(matrix: Matrix, centres: Matrix): number[][] {
  const members = Array.from({ length: centres.rows }, (): number[] => []);
  for (let i = 0; i < matrix.rows; i++) members[cellOf(row(matrix, i), centres)]!.push(i);
  return members;
}

/** Distances of each group of queries to the nearest training item of one cell; null when that cell has none. */
async function nearestInCell(
  source: MatrixSource,
  groups: readonly Matrix[],
  options: {
    readonly centres: Matrix;
    readonly cell: number;
    readonly pairwise: Pairwise;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Float32Array[] | null> {
  const { centres, cell, pairwise, signal } = options;
  const best = groups.map(group => new Float32Array(group.rows).fill(Number.POSITIVE_INFINITY));
  let found = false;
  for await (const { block } of eachBlock(source, { signal })) {
    const inside = membersOf(block, centres)[cell]!;
    if (inside.length === 0) continue;
    found = true;
    const base = takeRows(block, inside);
    for (const [g, group] of groups.entries()) {
      const { scores } = await pairwise.neighbours(group, sourceOf(base), { k: 1, metric: 'euclidean', signal });
      const nearest = best[g]!;
      scores.forEach((distance, i) => {
        if (distance < nearest[i]!) nearest[i] = distance;
      });
    }
  }
  return found ? best : null;
}
