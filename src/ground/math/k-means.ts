import { BiolensError } from '../errors.ts';
import { type Matrix, row } from './matrix.ts';
import { openStream, type RandomKey, type RandomStream } from './random.ts';

export interface KMeans {
  /** `[k, cols]` */
  readonly centres: Matrix;
  /** Cell of each row, `[rows]`. */
  readonly cells: Int32Array;
  /** Sum of squared distances of the rows to their centres. */
  readonly inertia: number;
  readonly iterations: number;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j]! - b[j]!) ** 2;
  return sum;
}

/** k-means++: each next centre is a row drawn in proportion to its squared distance from those already chosen. */
function seedCentres(matrix: Matrix, k: number, stream: RandomStream): Float32Array {
  const centres = new Float32Array(k * matrix.cols);
  const nearest = new Float64Array(matrix.rows).fill(Number.POSITIVE_INFINITY);
  let chosen = stream.integer(matrix.rows);
  for (let c = 0; c < k; c++) {
    const centre = row(matrix, chosen);
    centres.set(centre, c * matrix.cols);
    let total = 0;
    for (let i = 0; i < matrix.rows; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(row(matrix, i), centre));
      total += nearest[i]!;
    }
    let left = stream.uniform() * total;
    chosen = 0;
    for (let i = 0; i < matrix.rows; i++) {
      if (nearest[i]! > 0) chosen = i;
      left -= nearest[i]!;
      if (left < 0) break;
    }
  }
  return centres;
}

/**
 * Lloyd's k-means from k-means++ seeds (Arthur and Vassilvitskii, SODA 2007). The same key gives the same cells. A cell that
 * empties takes the row that is farthest from its centre.
 *
 * @param matrix `[rows, cols]`
 * @param options.k 1 … rows
 * @param options.maxIterations 300 by default; the cells usually stop changing long before
 * @throws BiolensError `usage` when k is out of range
 */
export function kMeans(
  matrix: Matrix,
  options: { readonly k: number; readonly key: RandomKey; readonly maxIterations?: number },
): KMeans {
  const { k, key, maxIterations = 300 } = options;
  const { rows, cols } = matrix;
  if (!Number.isSafeInteger(k) || k < 1 || k > rows)
    throw new BiolensError('usage', `"k" expected 1 to ${rows} cells of ${rows} rows, got ${k}`);
  const centres: Matrix = { rows: k, cols, data: seedCentres(matrix, k, openStream(key)) };
  const cells = new Int32Array(rows).fill(-1);
  const distances = new Float64Array(rows);
  let iterations = 0;
  while (assign(matrix, centres, { cells, distances }) && iterations < maxIterations) {
    iterations++;
    moveCentres(matrix, centres, { cells, distances });
  }
  return { centres, cells, inertia: distances.reduce((sum, distance) => sum + distance, 0), iterations };
}

interface Assignment {
  readonly cells: Int32Array;
  readonly distances: Float64Array;
}

/** Puts every row into the cell of its nearest centre, the first of equals; true when a row changed its cell. */
function assign(matrix: Matrix, centres: Matrix, { cells, distances }: Assignment): boolean {
  let changed = false;
  for (let i = 0; i < matrix.rows; i++) {
    const values = row(matrix, i);
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < centres.rows; c++) {
      const distance = squaredDistance(values, row(centres, c));
      if (distance < least) {
        least = distance;
        best = c;
      }
    }
    if (cells[i] !== best) changed = true;
    cells[i] = best;
    distances[i] = least;
  }
  return changed;
}

function moveCentres(matrix: Matrix, centres: Matrix, { cells, distances }: Assignment): void {
  const { rows: k, cols } = centres;
  const sums = new Float64Array(k * cols);
  const counts = new Int32Array(k);
  for (let i = 0; i < matrix.rows; i++) {
    const values = row(matrix, i);
    const line = cells[i]! * cols;
    counts[cells[i]!]!++;
    for (let j = 0; j < cols; j++) sums[line + j]! += values[j]!;
  }
  for (let c = 0; c < k; c++) {
    if (counts[c]! > 0) {
      for (let j = 0; j < cols; j++) centres.data[c * cols + j] = sums[c * cols + j]! / counts[c]!;
      continue;
    }
    let farthest = 0;
    for (let i = 1; i < matrix.rows; i++) if (distances[i]! > distances[farthest]!) farthest = i;
    centres.data.set(row(matrix, farthest), c * cols);
    distances[farthest] = 0;
  }
}
