import { BiolensError } from '../../../ground/errors.ts';
import type { Matrix } from '../../../ground/math/index.ts';

/** Longest and shortest embeddings that are taken: beyond these, squares are infinite or vanish in single precision. */
const LENGTHS = { most: 1e18, least: 1e-15 } as const;

/** Scale of whole numbers where none is given: at 250 the error rates of ORL do not move. */
export const DEFAULT_SCALE = 250;

/** Embeddings that encrypted matching is proved for. */
export const DIMENSIONS = { least: 2, most: 1024 } as const;

/**
 * The largest length that a unit vector of `dimension` numbers can have after it is multiplied by `scale` and rounded:
 * ‖round(s·x)‖ ≤ s‖x‖ + √d/2.
 */
export const lengthBound = (scale: number, dimension: number): number => scale + Math.sqrt(dimension) / 2;

export interface QuantiseOptions {
  /** What messages call the vector, such as `probe` or `gallery.npy: row 3`. */
  readonly field: string;
  /** Numbers that are expected. */
  readonly dimension: number;
}

/** Checks an embedding at the door. @throws {BiolensError} `input` naming the field */
function lengthOf(embedding: ArrayLike<number>, { field, dimension }: QuantiseOptions): number {
  const wrong = (why: string): BiolensError => new BiolensError('input', `${field}: ${why}`, { details: { field } });
  if (embedding.length !== dimension) throw wrong(`expected ${dimension} numbers, got ${embedding.length}`);
  let squares = 0;
  for (let j = 0; j < dimension; j++) {
    const value = embedding[j]!;
    if (!Number.isFinite(value)) throw wrong(`number ${j} is ${value}`);
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  if (length === 0) throw wrong('all zeros, which is no embedding');
  if (!(length >= LENGTHS.least && length <= LENGTHS.most))
    throw wrong(`a length of ${length.toPrecision(3)}, expected 1e-15 to 1e18`);
  return length;
}

/**
 * An embedding as unit vector, in double precision.
 *
 * @throws {BiolensError} `input` naming the field: NaN, infinities, zeros alone, another number of dimensions
 */
export function toUnit(embedding: ArrayLike<number>, options: QuantiseOptions): Float64Array {
  const length = lengthOf(embedding, options);
  return Float64Array.from(embedding, value => value / length);
}

/**
 * An embedding as whole numbers: round(scale · x/‖x‖), whose product with another is scale² times the cosine.
 *
 * @throws {BiolensError} `input` naming the field: NaN, infinities, zeros alone, another number of dimensions
 */
export function quantise(embedding: ArrayLike<number>, scale: number, options: QuantiseOptions): Int16Array {
  const length = lengthOf(embedding, options);
  const out = new Int16Array(embedding.length);
  // A whole number of 16 bits has no −0.
  for (let j = 0; j < out.length; j++) out[j] = Math.round((scale * embedding[j]!) / length);
  return out;
}

/**
 * Each row as {@link quantise} makes it, one after another.
 *
 * @param name what messages call the matrix; rows are counted from 0
 */
export function quantiseRows({ rows, cols, data }: Matrix, scale: number, name: string): Int16Array {
  const out = new Int16Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    const values = data.subarray(i * cols, (i + 1) * cols);
    out.set(quantise(values, scale, { field: `${name}: row ${i}`, dimension: cols }), i * cols);
  }
  return out;
}

/** Refuses whole numbers longer than any quantised unit vector: the proof that nothing wraps rests on it. */
export function checkQuantised(values: Int16Array, scale: number, { field, dimension }: QuantiseOptions): void {
  if (values.length !== dimension)
    throw new BiolensError('input', `${field}: expected ${dimension} numbers, got ${values.length}`);
  let squares = 0;
  for (const value of values) squares += value * value;
  // A part in 10⁹ for the rounding of the square root.
  const most = lengthBound(scale, dimension) ** 2 * (1 + 1e-9);
  if (squares === 0) throw new BiolensError('input', `${field}: all zeros, which is no embedding`);
  if (squares > most)
    throw new BiolensError('input', `${field}: longer than a unit vector at scale ${scale}`, { details: { field } });
}
