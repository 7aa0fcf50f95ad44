import type { Matrix } from '../../../ground/math/matrix.ts';

/** What rows are compared by; larger is nearer but for `euclidean`, where smaller is. */
export type NeighbourMetric = 'cosine' | 'inner' | 'euclidean';

/** Changes rows so that their inner product says which is nearer. */
export interface Preparation {
  /** Width of prepared rows. */
  readonly width: number;
  /** Prepared copies of some rows, `[rows, width]`. */
  readonly queries: (data: Float32Array) => Float32Array;
  readonly base: (data: Float32Array) => Float32Array;
}

/**
 * How rows are prepared for a metric.
 *
 * `cosine` scales them to length 1. For `euclidean`, ‖q − b‖² = ‖q‖² − 2(q·b − ‖b‖²/2): the nearest row has the largest q·b − ‖b‖²/2, an
 * inner product with one column more. The mean of the queries is taken off both sides first, which changes no distance but keeps
 * digits where rows lie far from zero.
 */
export function prepare(queries: Matrix, metric: NeighbourMetric): Preparation {
  const { cols } = queries;
  if (metric === 'inner') return { width: cols, queries: data => data.slice(), base: data => data.slice() };
  if (metric === 'cosine') {
    const scale = (data: Float32Array) => scaleRows(data, cols);
    return { width: cols, queries: scale, base: scale };
  }
  const centre = meanRow(queries);
  return {
    width: cols + 1,
    queries: data => centreRows(data, centre, () => 1),
    base: data => centreRows(data, centre, squares => -squares / 2),
  };
}

/** Copies of rows, scaled to length 1; rows of zeros stay. */
export function scaleRows(data: Float32Array, cols: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += cols) {
    let squares = 0;
    for (let j = start; j < start + cols; j++) squares += data[j]! * data[j]!;
    const scale = 1 / (Math.sqrt(squares) || 1);
    for (let j = start; j < start + cols; j++) out[j] = data[j]! * scale;
  }
  return out;
}

function meanRow({ rows, cols, data }: Matrix): Float64Array {
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) mean[j]! += data[i * cols + j]! / rows;
  return mean;
}

/** Rows less `centre`, and one column more: a function of their squared length. */
function centreRows(data: Float32Array, centre: Float64Array, last: (squares: number) => number): Float32Array {
  const cols = centre.length;
  const rows = data.length / cols;
  const out = new Float32Array(rows * (cols + 1));
  for (let i = 0; i < rows; i++) {
    let squares = 0;
    for (let j = 0; j < cols; j++) {
      const value = data[i * cols + j]! - centre[j]!;
      out[i * (cols + 1) + j] = value;
      squares += value * value;
    }
    out[i * (cols + 1) + cols] = last(squares);
  }
  return out;
}

/** Scores row `row` of `rows` for a query, in double precision; larger is nearer. */
export type Score = (query: number, rows: Float32Array, row: number) => number;

/** The score of a metric; for `euclidean` it is the distance's negative. */
export function scorer({ cols, data, rows: count }: Matrix, metric: NeighbourMetric): Score {
  if (metric === 'euclidean') {
    return (query, rows, row) => {
      let sum = 0;
      for (let a = query * cols, b = row * cols, end = b + cols; b < end; a++, b++) sum += (data[a]! - rows[b]!) ** 2;
      return -Math.sqrt(sum);
    };
  }
  const inner: Score = (query, rows, row) => dot(data, query * cols, rows, row * cols, cols);
  if (metric === 'inner') return inner;
  const lengths = Float64Array.from({ length: count }, (_, query) => Math.sqrt(inner(query, data, query)) || 1);
  return (query, rows, row) => {
    const squares = dot(rows, row * cols, rows, row * cols, cols);
    return inner(query, rows, row) / (lengths[query]! * (Math.sqrt(squares) || 1));
  };
}

function dot(a: Float32Array, atA: number, b: Float32Array, atB: number, length: number): number {
  let sum = 0;
  for (let i = atA, j = atB, end = atB + length; j < end; i++, j++) sum += a[i]! * b[j]!;
  return sum;
}
