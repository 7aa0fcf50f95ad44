import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { type Matrix, row } from '../../ground/math/index.ts';
import {
  eachProductBlock,
  type MatrixSource,
  type NeighbourMetric,
  type Neighbours,
  nearestNeighbours,
  type ProductBlock,
  type Runtime,
  readAll,
} from '../../kit/tensor/index.ts';

export interface SearchOptions {
  readonly k: number;
  readonly metric: NeighbourMetric;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The two operations over all pairs of rows that the metrics are written in, so that they do not know what computes them:
 * the numeric engine, or plain loops for small sets and tests.
 */
export interface Pairwise {
  /** The `k` nearest rows of the base for every query, nearest first. */
  neighbours(queries: Matrix, base: MatrixSource, options: SearchOptions): Promise<Neighbours>;
  /** Visits all of `left · rightᵀ` in blocks, in no promised order; a block's data are valid until the visitor returns. */
  products(
    left: Matrix,
    right: Matrix,
    options: { readonly visit: (block: ProductBlock) => void; readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
}

/** Pairs on the numeric engine. */
export function enginePairwise(runtime: Runtime): Pairwise {
  return {
    neighbours: (queries, base, options) => nearestNeighbours(runtime, queries, { base, ...options }),
    products: async (left, right, { visit, signal }) => {
      for await (const block of eachProductBlock(runtime, { left, right, signal })) visit(block);
    },
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

function scorerOf(metric: NeighbourMetric): (a: Float32Array, b: Float32Array) => number {
  if (metric === 'euclidean') return (a, b) => -Math.sqrt(squaredDistance(a, b));
  if (metric === 'inner') return dot;
  return (a, b) => dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1);
}

/**
 * Pairs by plain loops in double precision: quick enough for a few thousand rows, and what the engine is held to in tests.
 * Equal scores come in order of the base's rows.
 */
export const plainPairwise: Pairwise = {
  async neighbours(queries, source, { k, metric, signal }) {
    if (queries.cols !== source.cols)
      throw new BiolensError('usage', `queries are ${queries.cols} wide, the base is ${source.cols}`);
    if (k < 1 || k > source.rows)
      throw new BiolensError('usage', `"k" expected 1 to ${source.rows} neighbours, got ${k}`);
    const base = await readAll(source);
    const score = scorerOf(metric);
    const indices = new Int32Array(queries.rows * k);
    const scores = new Float32Array(queries.rows * k);
    const best = new Float64Array(k);
    for (let i = 0; i < queries.rows; i++) {
      throwIfAborted(signal);
      const query = row(queries, i);
      best.fill(Number.NEGATIVE_INFINITY);
      for (let j = 0; j < base.rows; j++) {
        const value = score(query, row(base, j));
        let place = k;
        while (place > 0 && best[place - 1]! < value) place--;
        if (place === k) continue;
        best.copyWithin(place + 1, place, k - 1);
        indices.copyWithin(i * k + place + 1, i * k + place, (i + 1) * k - 1);
        best[place] = value;
        indices[i * k + place] = j;
      }
      for (let rank = 0; rank < k; rank++) scores[i * k + rank] = metric === 'euclidean' ? -best[rank]! : best[rank]!;
    }
    return { k, indices, scores };
  },

  async products(left, right, { visit, signal }) {
    if (left.cols !== right.cols) throw new BiolensError('usage', `rows are ${left.cols} and ${right.cols} wide`);
    const data = new Float32Array(right.rows);
    for (let i = 0; i < left.rows; i++) {
      throwIfAborted(signal);
      const query = row(left, i);
      for (let j = 0; j < right.rows; j++) data[j] = dot(query, row(right, j));
      visit({ row: i, col: 0, rows: 1, cols: right.rows, data });
    }
  },
};

/** Squared length of every row, in double precision. */
export function squaredNorms(matrix: Matrix): Float64Array {
  return Float64Array.from({ length: matrix.rows }, (_, i) => dot(row(matrix, i), row(matrix, i)));
}

/** Rows so near each other that ‖a‖² + ‖b‖² − 2a·b in single precision is mostly rounding: computed again by difference. */
const CANCELLATION = 1e-3;

/**
 * Visits the squared Euclidean distance of every pair of rows of `left` and `right`.
 *
 * Near-copies are what this is looked at for, and their distance is where the product form loses its digits, so those few
 * pairs are computed again directly.
 */
export async function visitSquaredDistances(
  left: Matrix,
  right: Matrix,
  options: {
    readonly pairwise: Pairwise;
    readonly visit: (i: number, j: number, squared: number) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { pairwise, visit, signal } = options;
  const leftNorms = squaredNorms(left);
  const rightNorms = squaredNorms(right);
  const visitBlock = (block: ProductBlock): void => {
    for (let r = 0; r < block.rows; r++) {
      const i = block.row + r;
      for (let c = 0; c < block.cols; c++) {
        const j = block.col + c;
        const scale = leftNorms[i]! + rightNorms[j]!;
        let squared = scale - 2 * block.data[r * block.cols + c]!;
        if (squared < CANCELLATION * scale) squared = squaredDistance(row(left, i), row(right, j));
        visit(i, j, squared);
      }
    }
  };
  await pairwise.products(left, right, { visit: visitBlock, signal });
}

/**
 * The `k` nearest other rows for rows of the base itself.
 *
 * @param own `[queries]` the row of the base that each query is
 */
export async function otherNeighbours(
  queries: Matrix,
  base: MatrixSource,
  options: SearchOptions & { readonly pairwise: Pairwise; readonly own: Int32Array },
): Promise<Neighbours> {
  const { k, metric, pairwise, own, signal } = options;
  if (k > base.rows - 1) throw new BiolensError('usage', `"k" expected 1 to ${base.rows - 1} neighbours, got ${k}`);
  // A row is its own nearest but for exact duplicates, which may come first: one more is looked up and it is left out.
  const found = await pairwise.neighbours(queries, base, { k: k + 1, metric, signal });
  const indices = new Int32Array(queries.rows * k);
  const scores = new Float32Array(queries.rows * k);
  for (let i = 0; i < queries.rows; i++) {
    for (let rank = 0, kept = 0; rank <= k && kept < k; rank++) {
      const at = i * (k + 1) + rank;
      if (found.indices[at] === own[i]) continue;
      indices[i * k + kept] = found.indices[at]!;
      scores[i * k + kept] = found.scores[at]!;
      kept++;
    }
  }
  return { k, indices, scores };
}
