import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { type Matrix, openStream, type RandomKey, row } from '../../ground/math/index.ts';
import { type MatrixSource, sourceOf } from '../../kit/tensor/index.ts';

/** Rows read from a source at a time. */
export const BLOCK_ROWS = 16_384;

/** Copies of the given rows, in the order given. */
export function takeRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const data = new Float32Array(rows.length * matrix.cols);
  for (let i = 0; i < rows.length; i++) data.set(row(matrix, rows[i]!), i * matrix.cols);
  return { rows: rows.length, cols: matrix.cols, data };
}

/** Copies of the given rows of a source, in the order given; neighbouring rows are read together. */
export async function readRows(source: MatrixSource, rows: ArrayLike<number>): Promise<Matrix> {
  const { cols } = source;
  const data = new Float32Array(rows.length * cols);
  for (let i = 0; i < rows.length; ) {
    let run = 1;
    while (run < BLOCK_ROWS && i + run < rows.length && rows[i + run]! === rows[i]! + run) run++;
    data.set(await source.read(rows[i]!, run), i * cols);
    i += run;
  }
  return { rows: rows.length, cols, data };
}

/** Rows `start` to `end` (exclusive) as a view, not a copy. */
export function sliceRows(matrix: Matrix, start: number, end: number): Matrix {
  return { rows: end - start, cols: matrix.cols, data: matrix.data.subarray(start * matrix.cols, end * matrix.cols) };
}

/** The rows of one matrix above those of another of the same width. */
export function stackRows(first: Matrix, second: Matrix): Matrix {
  const data = new Float32Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { rows: first.rows + second.rows, cols: first.cols, data };
}

/** Blocks of a source in order of their rows. */
export async function* eachBlock(
  source: MatrixSource,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<{ readonly start: number; readonly block: Matrix }> {
  for (let start = 0; start < source.rows; start += BLOCK_ROWS) {
    throwIfAborted(options.signal);
    const rows = Math.min(BLOCK_ROWS, source.rows - start);
    yield { start, block: { rows, cols: source.cols, data: await source.read(start, rows) } };
  }
}

/** The same rows, each block passed through `transform`, which may change the width to `cols` but not the number of rows. */
export function mapSource(
  source: MatrixSource,
  transform: (block: Matrix) => Matrix,
  cols: number = source.cols,
): MatrixSource {
  return {
    rows: source.rows,
    cols,
    read: async (start, count) =>
      transform({ rows: count, cols: source.cols, data: await source.read(start, count) }).data,
  };
}

/** The rows of `first`, then those of `second`, a matrix of the same width. */
export function appendRows(first: MatrixSource, second: Matrix): MatrixSource {
  const { cols } = first;
  const tail = sourceOf(second);
  return {
    rows: first.rows + second.rows,
    cols,
    async read(start, count) {
      const inFirst = Math.max(0, Math.min(first.rows - start, count));
      if (inFirst === count) return first.read(start, count);
      if (inFirst === 0) return tail.read(start - first.rows, count);
      const data = new Float32Array(count * cols);
      data.set(await first.read(start, inFirst));
      data.set(await tail.read(0, count - inFirst), inFirst * cols);
      return data;
    },
  };
}

/**
 * Mean of all rows, in double precision, in one pass.
 *
 * @throws BiolensError `input` when the source has no rows
 */
export async function meanRow(
  source: MatrixSource,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Float64Array> {
  if (source.rows === 0) throw new BiolensError('input', 'there are no rows to take a mean of');
  const sums = new Float64Array(source.cols);
  for await (const { block } of eachBlock(source, options))
    for (let i = 0; i < block.rows; i++) {
      const values = row(block, i);
      for (let j = 0; j < values.length; j++) sums[j]! += values[j]!;
    }
  return sums.map(sum => sum / source.rows);
}

/** Rows less `centre` (no centring without it), scaled to length 1; a row equal to the centre stays zero. */
export function normaliseRows(matrix: Matrix, centre?: Float64Array): Matrix {
  const { rows, cols } = matrix;
  const data = new Float32Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    const from = i * cols;
    let squared = 0;
    for (let j = 0; j < cols; j++) squared += (matrix.data[from + j]! - (centre?.[j] ?? 0)) ** 2;
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    for (let j = 0; j < cols; j++) data[from + j] = (matrix.data[from + j]! - (centre?.[j] ?? 0)) * scale;
  }
  return { rows, cols, data };
}

/** All numbers 0 … n − 1, or `limit` of them drawn without replacement, in ascending order. */
export function sampleNumbers(n: number, limit: number, key: RandomKey): Int32Array {
  if (n <= limit) return Int32Array.from({ length: n }, (_, i) => i);
  return Int32Array.from(openStream(key).sampleWithoutReplacement(n, limit)).sort();
}

/** The matrix itself, or `limit` of its rows drawn without replacement, in order. */
export function sampleRows(matrix: Matrix, limit: number, key: RandomKey): Matrix {
  return matrix.rows <= limit ? matrix : takeRows(matrix, sampleNumbers(matrix.rows, limit, key));
}
